using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.Anthropic;

/// <summary>A Messages stream to events (dialects 2.11, 4.12.2). Only <c>message_stop</c> makes it complete (contract, "Ends of streams").</summary>
public sealed class StreamReader : IStreamReader
{
    private readonly AnswerReader answer = new();

    /// <summary>Completed or Failed was given.</summary>
    public bool HasEnded => answer.HasEnded;

    /// <summary>Frames that were not JSON and were skipped.</summary>
    public int BrokenFrames { get; private set; }

    public void Read(in SseFrame frame, IChatEventSink sink)
    {
        if (!frame.HasData || HasEnded || frame.IsDone) return;
        using var document = JsonText.TryParse(frame.Data);
        if (document is null)
        {
            if (++BrokenFrames > 1) answer.Fail(Failure.Broken("stream", "The upstream's stream is not readable."), sink);
            return;
        }

        // Compatible servers leave the event line away; the data says the same (dialects 6.2).
        var body = document.RootElement;
        Read(body.Text("type") ?? Encoding.UTF8.GetString(frame.Event), body, sink);
    }

    /// <summary>The data of one frame, its type inside.</summary>
    public void Read(ReadOnlySpan<byte> data, IChatEventSink sink) => Read(new SseFrame { Data = data, HasData = true }, sink);

    /// <summary>The body ended properly: without message_stop that is a broken answer all the same.</summary>
    public void EndOfBody(IChatEventSink sink) =>
        answer.Fail(Failure.Broken("end", "The upstream's stream ended before its answer was complete."), sink);

    /// <summary>The body did not end properly.</summary>
    public void Torn(IChatEventSink sink, Failure failure) => answer.Fail(failure, sink);

    private void Read(string type, JsonElement body, IChatEventSink sink)
    {
        switch (type)
        {
            case "message_start":
                answer.Start(body.Get("message"), sink);
                break;
            case "content_block_start":
                Begin(sink);
                answer.StartBlock(body.Index("index") ?? 0, body.Get("content_block"), sink);
                break;
            case "content_block_delta":
                Begin(sink);
                answer.Delta(body.Index("index") ?? 0, body.Get("delta"), sink);
                break;
            case "content_block_stop":
                answer.StopBlock(body.Index("index") ?? 0, sink);
                break;
            case "message_delta":
                Begin(sink);
                answer.Stop(body.Get("delta"));
                answer.ReadUsage(body.Get("usage"), sink);
                break;
            case "message_stop":
                Begin(sink);
                answer.Complete(sink);
                break;
            case "error":
                answer.Fail(Errors.InStream(body), sink);
                break;
            default:
                if (body.Has("error")) answer.Fail(Errors.InStream(body), sink);
                break;
        }
    }

    /// <summary>Servers without message_start are read all the same.</summary>
    private void Begin(IChatEventSink sink)
    {
        if (!answer.HasStarted && !HasEnded) answer.Start(default, sink);
    }
}
