using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.Gemini;

/// <summary>
/// A stream of GenerateContentResponses to events (dialects 7). It has no end of its own but the body's, and is complete only when a finishReason came
/// (contract, "Ends of streams").
/// </summary>
public sealed class StreamReader : IStreamReader
{
    private readonly AnswerReader answer = new();
    private byte[] last = [];
    private bool lastWasBroken;

    /// <summary>Frames since the answer could have been whole for the first time, that one included.</summary>
    private int finishes;

    /// <summary>Completed or Failed was given.</summary>
    public bool HasEnded => answer.HasEnded;

    /// <summary>The answer is whole if the body ends here.</summary>
    public bool IsFinished => answer.IsFinished && !lastWasBroken;

    /// <summary>Frames that were not JSON and were skipped.</summary>
    public int BrokenFrames { get; private set; }

    public void Read(in SseFrame frame, IChatEventSink sink)
    {
        if (!frame.HasData || HasEnded || frame.IsDone || frame.Data.IsEmpty) return;
        // A last frame that is sent twice says nothing new; content behind a finishReason does, because some models send one with every frame: of
        // those the same frame twice is the same word twice.
        if (last.Length > 0 && finishes == 1 && frame.Data.SequenceEqual(last)) return;
        using var document = JsonText.TryParse(frame.Data);
        lastWasBroken = document is null;
        if (document is null)
        {
            // One bad frame is skipped; a second is no stream of ours (dialects 6.2).
            if (++BrokenFrames > 1) answer.Fail(Failure.Broken("stream", "The upstream's stream is not readable."), sink);
            return;
        }

        answer.Read(document.RootElement, sink);
        last = answer.IsFinished ? frame.Data.ToArray() : [];
        if (answer.IsFinished) finishes++;
    }

    public void EndOfBody(IChatEventSink sink)
    {
        if (!IsFinished)
            answer.Fail(Failure.Broken("end", "The upstream's stream ended before its answer was complete."), sink);
        else
            answer.Complete(sink);
    }
}
