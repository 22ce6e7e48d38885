using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using StreamReader = Milliways.Dialects.Gemini.StreamReader;

namespace Milliways.Exchanges.Relays;

/// <summary>Watches a stream of GenerateContentResponses go by, as events or as the elements of an array: its usage is cumulative, its end is the body's.</summary>
internal sealed class GeminiStreamObserver : IStreamObserver
{
    private readonly StreamReader _reader = new();
    private readonly FrameEvents _said = new(static one => one is not ChatEvent.Started);

    public Failure? Failure => _said.Failure;

    public bool HasFinalUsage => false;

    /// <summary>Every candidate has its finishReason, or the prompt was blocked (contract, "Ends of streams").</summary>
    public bool IsWholeAtEndOfBody => _reader.IsFinished;

    public ReadOnlySpan<byte> MissingTerminal => default;

    public bool IsWhole(in SseFrame unclosed) => true;

    public FrameRole Look(in SseFrame frame, Meter meter)
    {
        if (!meter.IsIdle)
            meter.Count(TextBytes.OfGemini(frame.Data));
        _said.Clear();
        _reader.Read(frame, _said);
        if (_said.Usage is { } usage)
            meter.Report(usage);
        return Failure is not null ? FrameRole.Error : _said.SawContent ? FrameRole.Content : FrameRole.Pass;
    }
}
