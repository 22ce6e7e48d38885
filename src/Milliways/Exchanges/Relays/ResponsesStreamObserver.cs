using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.Sse;
using StreamReader = Milliways.Dialects.OpenAiResponses.StreamReader;

namespace Milliways.Exchanges.Relays;

/// <summary>
/// Watches a Responses stream go by: what is neither content nor the end needs no reading. What the first event and the done items say is kept, so that a
/// stream that breaks can end as the dialect wants it, with the answer so far (dialects 4.13).
/// </summary>
internal sealed class ResponsesStreamObserver : IStreamObserver
{
    private readonly StreamReader _reader = new();
    private readonly BrokenResponse _soFar = new();
    private readonly FrameEvents _said = new(static _ => false); // what is content is known by its kind

    public Failure? Failure => _said.Failure;

    /// <summary>A Responses stream needs its terminal event (contract, "Ends of streams").</summary>
    public bool IsWholeAtEndOfBody => false;

    public ReadOnlySpan<byte> MissingTerminal => default;

    public bool IsWhole(in SseFrame unclosed) => EventFacts.IsJson(unclosed.Data);

    /// <summary>This dialect tells usage in its terminal event.</summary>
    public bool HasFinalUsage => false;

    public FrameRole Look(in SseFrame frame, Meter meter)
    {
        if (frame.IsDone)
            return FrameRole.Pass;
        var kind = EventFacts.KindOf(frame);
        if (kind is EventKind.Content or EventKind.Other)
        {
            _soFar.Count();
            if (!meter.IsIdle && kind == EventKind.Content)
                meter.Count(TextBytes.OfResponses(frame.Data));
            return kind == EventKind.Content ? FrameRole.Content : FrameRole.Pass;
        }
        if (kind is EventKind.Begun or EventKind.ItemDone)
        {
            _soFar.Take(frame.Data, kind);
            return FrameRole.Pass;
        }
        _said.Clear();
        _reader.Read(frame, _said);
        if (_said.Usage is { } usage)
            meter.Report(usage);
        if (Failure is not null)
            return FrameRole.Error;
        if (_reader.HasEnded)
            return FrameRole.Terminal;
        _soFar.Count();
        return FrameRole.Pass;
    }

    public bool WriteFailure(Failure failure, IBufferWriter<byte> caller) => _soFar.Write(failure, caller);
}
