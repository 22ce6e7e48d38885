using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// A Responses stream to events (dialects 3.6, 4.12.4). Only its terminal event makes it complete (contract, "Ends of streams"); what it holds beyond the
/// deltas is not lost, and what was told is not told twice.
/// </summary>
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

        // Some servers leave the type to the event line, some the event line to the type (RSP-13).
        var body = document.RootElement;
        Read(body.Text("type") ?? Encoding.UTF8.GetString(frame.Event), body, sink);
    }

    /// <summary>The data of one frame, its type inside.</summary>
    public void Read(ReadOnlySpan<byte> data, IChatEventSink sink) => Read(new SseFrame { Data = data, HasData = true }, sink);

    /// <summary>The body ended properly: without a terminal event that is a broken answer all the same (RSP-10).</summary>
    public void EndOfBody(IChatEventSink sink) =>
        answer.Fail(Failure.Broken("end", "The upstream's stream ended before its answer was complete."), sink);

    /// <summary>The body did not end properly.</summary>
    public void Torn(IChatEventSink sink, Failure failure) => answer.Fail(failure, sink);

    private void Read(string type, JsonElement body, IChatEventSink sink)
    {
        switch (type)
        {
            case "response.created" or "response.in_progress" or "response.queued":
                answer.Start(ResponseOf(body), sink);
                return;
            case "response.completed" or "response.incomplete" or "response.failed" or "response.cancelled" or "response.done":
                answer.Complete(ResponseOf(body), StatusOf(ResponseOf(body), type), sink);
                return;
            case "error":
                answer.Fail(UpstreamMessage.InStream(body), sink);
                return;
        }

        if (!type.StartsWith("response.", StringComparison.Ordinal))
        {
            if (body.Has("error")) answer.Fail(UpstreamMessage.InStream(body), sink);
            else if (body.Text("object") == "response") ReadUntyped(body, sink);
            return;
        }

        // Servers without response.created are read all the same.
        answer.Start(default, sink);
        ReadContent(type, body, sink);
    }

    private void ReadContent(string type, JsonElement body, IChatEventSink sink)
    {
        var (index, position) = (body.Index("output_index"), body.Index("content_index") ?? 0);
        switch (type)
        {
            case "response.output_item.added":
                answer.AddItem(index, body.Get("item"), sink);
                break;
            case "response.output_item.done":
                answer.FinishItem(index, body.Get("item"), sink);
                break;
            case "response.output_text.delta":
                answer.Text(answer.ItemOf(body, "message"), position, body.Text("delta"), Logprobs.Read(body), sink);
                break;
            case "response.output_text.done":
                answer.FinishText(answer.ItemOf(body, "message"), position, body.Text("text"), Logprobs.Read(body), sink);
                break;
            case "response.output_text.annotation.added":
                answer.Cite(answer.ItemOf(body, "message"), position, body.Get("annotation"), sink);
                break;
            case "response.refusal.delta":
                answer.Refusal(answer.ItemOf(body, "message"), position, body.Text("delta"), sink);
                break;
            case "response.refusal.done":
                answer.FinishRefusal(answer.ItemOf(body, "message"), position, body.Text("refusal"), sink);
                break;
            case "response.content_part.done":
                var part = body.Get("part");
                answer.FinishPart(answer.ItemOf(body, part.Text("type") == "reasoning_text" ? "reasoning" : "message"), position, part, sink);
                break;
            case "response.function_call_arguments.delta":
                answer.Arguments(answer.ItemOf(body, "function_call"), body.Text("delta"), sink);
                break;
            case "response.function_call_arguments.done":
                answer.FinishArguments(answer.ItemOf(body, "function_call"), body.Get("arguments"), sink);
                break;
            case "response.custom_tool_call_input.delta":
                answer.Arguments(answer.ItemOf(body, "custom_tool_call"), body.Text("delta"), sink);
                break;
            case "response.custom_tool_call_input.done":
                answer.FinishArguments(answer.ItemOf(body, "custom_tool_call"), body.Get("input"), sink);
                break;
            default:
                ReadReasoning(type, body, position, sink);
                break;
        }
    }

    private void ReadReasoning(string type, JsonElement body, int position, IChatEventSink sink)
    {
        var summary = body.Index("summary_index") ?? 0;
        switch (type)
        {
            case "response.reasoning_summary_text.delta":
                answer.Reasoning(answer.ItemOf(body, "reasoning"), summary, isSummary: true, body.Text("delta"), sink);
                break;
            case "response.reasoning_summary_text.done":
                answer.FinishReasoning(answer.ItemOf(body, "reasoning"), summary, isSummary: true, body.Text("text"), sink);
                break;
            case "response.reasoning_summary_part.done":
                answer.FinishReasoning(answer.ItemOf(body, "reasoning"), summary, isSummary: true, body.Get("part").Text("text"), sink);
                break;
            case "response.reasoning_text.delta":
                answer.Reasoning(answer.ItemOf(body, "reasoning"), position, isSummary: false, body.Text("delta"), sink);
                break;
            case "response.reasoning_text.done":
                answer.FinishReasoning(answer.ItemOf(body, "reasoning"), position, isSummary: false, body.Text("text"), sink);
                break;
        }
    }

    /// <summary>A response without any wrapping: its status says which event it would be.</summary>
    private void ReadUntyped(JsonElement response, IChatEventSink sink)
    {
        if (response.Text("status") is null or "in_progress" or "queued") answer.Start(response, sink);
        else answer.Complete(response, StatusOf(response, ""), sink);
    }

    private static JsonElement ResponseOf(JsonElement body) => body.Get("response") is { ValueKind: JsonValueKind.Object } response ? response : body;

    /// <summary>The response's own word counts before the event's: vLLM completes what is incomplete.</summary>
    internal static ResponseStatus StatusOf(JsonElement response, string type) => response.Text("status") switch
    {
        "completed" => ResponseStatus.Completed,
        "incomplete" => ResponseStatus.Incomplete,
        "failed" or "cancelled" => ResponseStatus.Failed,
        _ => type switch
        {
            "response.incomplete" => ResponseStatus.Incomplete,
            "response.failed" or "response.cancelled" => ResponseStatus.Failed,
            _ => ResponseStatus.Completed,
        },
    };
}
