using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>Content blocks to events, for streams and whole answers (dialects 2.7, 2.11, 4.12.2). Blocks nobody knows are skipped with their deltas.</summary>
internal sealed class AnswerReader
{
    private readonly Dictionary<int, Block> blocks = [];
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);
    private readonly UsageFields usage = new();
    private ChatUsage reported;
    private string id = "";
    private int calls;
    private string? stopReason;
    private string? stopSequence;

    public bool HasStarted { get; private set; }

    public bool HasEnded { get; private set; }

    public void Start(JsonElement message, IChatEventSink sink)
    {
        if (HasStarted) return;
        HasStarted = true;
        id = message.Text("id") ?? "";
        sink.On(new ChatEvent.Started(id, message.Text("model") ?? "", 0));
        ReadUsage(message.Get("usage"), sink);
    }

    public void ReadUsage(JsonElement fields, IChatEventSink sink)
    {
        if (!usage.Read(fields) || usage.Usage == reported || usage.Usage.IsZero) return;
        reported = usage.Usage;
        sink.On(new ChatEvent.UsageReported(reported));
    }

    public void StartBlock(int index, JsonElement content, IChatEventSink sink)
    {
        if (HasEnded) return;
        if (index < 0 || index > 100_000 || blocks.Count > 100_000)
        {
            Fail(Failure.Broken("stream", "The upstream's answer has a block that cannot be."), sink);
            return;
        }

        var type = content.Text("type") ?? "";
        var block = blocks[index] = new Block(type, content);
        switch (type)
        {
            case "text":
                if (content.Text("text") is { Length: > 0 } text) sink.On(new ChatEvent.TextDelta(0, text));
                break;
            case "thinking":
                if (content.Text("thinking") is { Length: > 0 } thought) sink.On(new ChatEvent.ReasoningDelta(0, thought));
                if (content.Text("signature") is { Length: > 0 } signature) sink.On(new ChatEvent.ReasoningSigned(0, signature));
                break;
            case "redacted_thinking":
                sink.On(new ChatEvent.RedactedReasoning(0, content.Text("data") ?? ""));
                break;
            case "tool_use":
                StartCall(block, content, sink);
                break;
        }
    }

    public void Delta(int index, JsonElement delta, IChatEventSink sink)
    {
        if (HasEnded) return;
        blocks.TryGetValue(index, out var block);
        switch (delta.Text("type"))
        {
            case "text_delta" when block is null or { Type: "text" }:
                if (delta.Text("text") is { Length: > 0 } text) sink.On(new ChatEvent.TextDelta(0, text));
                break;
            case "thinking_delta" when block is null or { Type: "thinking" }:
                if (delta.Text("thinking") is { Length: > 0 } thought) sink.On(new ChatEvent.ReasoningDelta(0, thought));
                break;
            case "signature_delta" when block is null or { Type: "thinking" }:
                if (delta.Text("signature") is { Length: > 0 } signature) sink.On(new ChatEvent.ReasoningSigned(0, signature));
                break;
            case "input_json_delta" when block is null:
                Fail(Failure.Broken("stream", "The upstream's answer has arguments of a tool call that never began."), sink);
                break;
            case "input_json_delta" when block is { Call: { } call }:
                if (delta.Text("partial_json") is not { Length: > 0 } arguments) break;
                block.HasArguments |= !string.IsNullOrWhiteSpace(arguments);
                sink.On(new ChatEvent.ToolCallDelta(0, call, arguments));
                break;
        }
    }

    public void StopBlock(int index, IChatEventSink sink)
    {
        if (HasEnded || !blocks.TryGetValue(index, out var block) || block.Call is not { } call || block.IsStopped) return;
        block.IsStopped = true;
        // No delta came: the placeholder {} or, at some servers, the whole input of the block's start (CHK-16).
        if (!block.HasArguments) sink.On(new ChatEvent.ToolCallDelta(0, call, block.Input));
    }

    /// <summary>The stop reason, of which the last one counts.</summary>
    public void Stop(JsonElement holder)
    {
        stopReason = holder.Text("stop_reason") ?? stopReason;
        stopSequence = holder.Text("stop_sequence") ?? stopSequence;
        if (holder.Get("stop_details").Text("explanation") is { Length: > 0 } text) explanation = text;
    }

    private string? explanation;

    public void Complete(IChatEventSink sink)
    {
        if (HasEnded) return;
        foreach (var index in blocks.Keys.Order()) StopBlock(index, sink);
        if (explanation is not null) sink.On(new ChatEvent.RefusalDelta(0, explanation));
        var reason = StopReasonWords.Read(stopReason);
        sink.On(new ChatEvent.Finished(0, StopReasons.Settle(reason, calls > 0), stopSequence));
        HasEnded = true;
        sink.On(ChatEvent.Completed.Instance);
    }

    public void Fail(Failure failure, IChatEventSink sink)
    {
        if (HasEnded) return;
        HasEnded = true;
        sink.On(new ChatEvent.Failed(failure));
    }

    private void StartCall(Block block, JsonElement content, IChatEventSink sink)
    {
        if (calls >= ChatBounds.ToolCalls)
        {
            Fail(Failure.Broken("stream", "The upstream's answer has too many tool calls."), sink);
            return;
        }

        block.Call = calls++;
        var callId = content.Text("id") is { Length: > 0 } given ? given : ToolCallIds.Made(id, 0, block.Call.Value);
        var unique = callId;
        for (var copy = 2; !ids.Add(unique); copy++) unique = callId + "_" + JsonText.Number(copy);
        sink.On(new ChatEvent.ToolCallStarted(0, block.Call.Value, unique, content.Text("name") ?? ""));
    }

    private sealed class Block(string type, JsonElement content)
    {
        public string Type => type;

        /// <summary>Which call of the answer this is: not the block's index (CHK-01).</summary>
        public int? Call { get; set; }

        public bool HasArguments { get; set; }

        public bool IsStopped { get; set; }

        /// <summary>The input of the start as text, read at once because the document does not live on.</summary>
        public string Input { get; } = type == "tool_use" && content.Get("input") is { ValueKind: JsonValueKind.Object } input ? JsonText.Compact(input) : "{}";
    }
}
