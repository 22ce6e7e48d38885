using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using StreamReader = Milliways.Dialects.Gemini.StreamReader;

namespace Milliways.Exchanges.Relays;

/// <summary>Watches a stream of GenerateContentResponses go by, as events or as the elements of an array: its usage is cumulative, its end is the body's.</summary>
internal sealed class GeminiStreamObserver : IStreamObserver, IChatEventSink
{
    private readonly StreamReader _reader = new();
    private ChatUsage? _usage;
    private bool _sawContent;

    public Failure? Failure { get; private set; }

    public bool HasFinalUsage => false;

    /// <summary>Every candidate has its finishReason, or the prompt was blocked (contract, "Ends of streams").</summary>
    public bool IsWholeAtEndOfBody => _reader.IsFinished;

    public ReadOnlySpan<byte> MissingTerminal => default;

    public bool IsWhole(in SseFrame unclosed) => true;

    public FrameRole Look(in SseFrame frame, Meter meter)
    {
        if (!meter.IsIdle)
            meter.Count(TextBytes.OfGemini(frame.Data));
        (_usage, _sawContent) = (null, false);
        _reader.Read(frame, this);
        if (_usage is { } usage)
            meter.Report(usage);
        return Failure is not null ? FrameRole.Error : _sawContent ? FrameRole.Content : FrameRole.Pass;
    }

    void IChatEventSink.On(ChatEvent chatEvent)
    {
        if (chatEvent is ChatEvent.UsageReported reported)
            _usage = reported.Usage;
        else if (chatEvent is ChatEvent.Failed failed)
            Failure = failed.Failure;
        else
            _sawContent |= chatEvent is not ChatEvent.Started;
    }
}
