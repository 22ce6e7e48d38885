using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;

namespace Milliways.Exchanges.Relays;

/// <summary>The one message of an upstream over gRPC, behind its status; what becomes of it is the inner relay's.</summary>
/// <param name="inner">Takes the message without its head.</param>
internal sealed class GrpcWholeRelay(IRelay inner) : IRelay
{
    private UpstreamCall? _call;
    private Failure? _failure;

    public bool NeedsWholeBody => true;

    public RelayState State => _failure is null ? inner.State : RelayState.Failed;

    public Failure? Failure => _failure ?? inner.Failure;

    public bool HasContent => _failure is null && inner.HasContent;

    public string ContentType => inner.ContentType;

    public void Begin(UpstreamCall call) => _call = call;

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        _failure = GrpcOutcome.Of(_call!);
        if (_failure is not null)
            return upstream.Length;
        if (!GrpcFrame.TryRead(upstream, GrpcUpstream.MostMessageBytes, out var frame, out var wrong) || frame.Length != upstream.Length)
            _failure = wrong ?? Failure.Broken("body", "The upstream's answer is not one whole message.");
        else if (frame.IsCompressed)
            _failure = GrpcUpstream.Compressed;
        else
            inner.Feed(frame.Message, endOfBody, caller, meter);
        return upstream.Length;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null) => inner.WriteTail(caller, cost);
}
