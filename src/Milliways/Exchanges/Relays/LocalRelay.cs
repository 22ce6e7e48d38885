using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges.Relays;

/// <summary>An answer that was made here, without an upstream.</summary>
internal sealed class LocalRelay(byte[] body) : IRelay
{
    public bool NeedsWholeBody => true;

    public RelayState State => RelayState.Complete;

    public Failure? Failure => null;

    public bool HasContent => true;

    public string ContentType => "application/json";

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter) => upstream.Length;

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null) => caller.Write(body);
}
