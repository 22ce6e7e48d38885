using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Api.Grpc;

/// <summary>Why a frame cannot be the answer; null: it can.</summary>
internal delegate Failure? FrameCheck(ReadOnlySpan<byte> frame);

/// <summary>
/// The relay of a whole answer whose message is looked at before it is one: what cannot be told to the caller is not charged, and another attempt may still be made.
/// </summary>
/// <param name="inner">Writes the message.</param>
/// <param name="leastBytes">Of the upstream's own form: smaller answers are not looked at.</param>
/// <param name="check">Looks at the whole frame.</param>
internal sealed class CheckedMessage(IRelay inner, int leastBytes, FrameCheck check) : IRelay
{
    private Failure? _failure;

    public bool NeedsWholeBody => inner.NeedsWholeBody;

    public RelayState State => _failure is null ? inner.State : RelayState.Failed;

    public Failure? Failure => _failure ?? inner.Failure;

    public bool HasContent => _failure is null && inner.HasContent;

    public string ContentType => inner.ContentType;

    public void Begin(UpstreamCall call) => inner.Begin(call);

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        var consumed = inner.Feed(upstream, endOfBody, caller, meter);
        if (inner.State != RelayState.Complete || upstream.Length < leastBytes)
            return consumed;
        var message = new ArrayBufferWriter<byte>(upstream.Length);
        inner.WriteTail(message);
        _failure = check(message.WrittenSpan);
        return consumed;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null) => inner.WriteTail(caller, cost);
}
