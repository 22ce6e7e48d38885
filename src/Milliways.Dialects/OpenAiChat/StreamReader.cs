using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>
/// A Chat stream to events (dialects 1.7, 4.12.1). It is complete with a finish_reason for every choice and a proper end, <c>[DONE]</c> or not
/// (contract, "Ends of streams"); anything else has failed. What comes after the end is dropped.
/// </summary>
public sealed class StreamReader : IStreamReader
{
    private readonly AnswerReader answer = new();
    private bool lastWasBroken;

    /// <summary>Completed or Failed was given.</summary>
    public bool HasEnded => answer.HasEnded;

    /// <summary>Frames that were not JSON and were skipped.</summary>
    public int BrokenFrames { get; private set; }

    public void Read(in SseFrame frame, IChatEventSink sink)
    {
        if (!frame.HasData || HasEnded) return;
        if (frame.IsDone) End(sink);
        else Read(frame.Data, frame.Event.SequenceEqual("error"u8), sink);
    }

    /// <summary>The data of one frame.</summary>
    public void Read(ReadOnlySpan<byte> data, IChatEventSink sink)
    {
        if (HasEnded) return;
        if (data.Trim(" \r\n\t"u8).SequenceEqual("[DONE]"u8)) End(sink);
        else Read(data, isError: false, sink);
    }

    /// <summary>The body ended properly.</summary>
    public void EndOfBody(IChatEventSink sink) => End(sink);

    /// <summary>The body did not end properly: a finish_reason seen before does not help.</summary>
    public void Torn(IChatEventSink sink, Failure failure) => answer.Fail(failure, sink);

    private void Read(ReadOnlySpan<byte> data, bool isError, IChatEventSink sink)
    {
        if (data.IsEmpty) return;
        using var chunk = JsonText.TryParse(data);
        lastWasBroken = chunk is null;
        if (chunk is null)
        {
            // One bad frame is skipped; a second is no stream of ours (dialects 6.2).
            if (++BrokenFrames > 1) answer.Fail(Failure.Broken("stream", "The upstream's stream is not readable."), sink);
        }
        else if (isError)
        {
            answer.Fail(Errors.InStream(chunk.RootElement), sink);
        }
        else if (chunk.RootElement.ValueKind == JsonValueKind.Object)
        {
            answer.Read(chunk.RootElement, sink);
        }
    }

    private void End(IChatEventSink sink)
    {
        if (lastWasBroken || !answer.AllFinished)
            answer.Fail(Failure.Broken("end", "The upstream's stream ended before its answer was complete."), sink);
        else
            answer.Complete(sink);
    }
}
