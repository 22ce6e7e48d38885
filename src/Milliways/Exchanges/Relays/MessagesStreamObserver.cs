using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using StreamReader = Milliways.Dialects.Anthropic.StreamReader;

namespace Milliways.Exchanges.Relays;

/// <summary>Watches a Messages stream go by: only the events that carry usage, the end or an error are read.</summary>
internal sealed class MessagesStreamObserver : IStreamObserver
{
    private readonly StreamReader _reader = new();
    private readonly FrameEvents _said = new(static one => one is ChatEvent.TextDelta or ChatEvent.ReasoningDelta or ChatEvent.ToolCallStarted or ChatEvent.ToolCallDelta);

    public Failure? Failure => _said.Failure;

    /// <summary>A Messages stream needs its message_stop (contract, "Ends of streams").</summary>
    public bool IsWholeAtEndOfBody => false;

    public ReadOnlySpan<byte> MissingTerminal => default;

    /// <summary>What stands behind message_stop cannot be missed, so a cut frame matters only when it is that one; its reader tells.</summary>
    public bool IsWhole(in SseFrame unclosed) => true;

    public bool HasFinalUsage { get; private set; }

    public FrameRole Look(in SseFrame frame, Meter meter)
    {
        HasFinalUsage = false;
        if (!meter.IsIdle)
            meter.Count(TextBytes.OfMessages(frame.Data));
        if (frame.Event.SequenceEqual("content_block_delta"u8) || frame.Event.SequenceEqual("content_block_start"u8))
            return FrameRole.Content;
        if (frame.Event.SequenceEqual("ping"u8) || frame.Event.SequenceEqual("content_block_stop"u8))
            return FrameRole.Pass;
        _said.Clear();
        _reader.Read(frame, _said);
        if (_said.Usage is { } usage)
        {
            meter.Report(usage);
            HasFinalUsage = frame.Data.IndexOf("\"message_delta\""u8) >= 0;
        }
        if (Failure is not null)
            return FrameRole.Error;
        if (_reader.HasEnded)
            return FrameRole.Terminal;
        // Compatible servers leave the event line away: what was not passed above by its name has been read.
        return _said.SawContent ? FrameRole.Content : FrameRole.Pass;
    }
}
