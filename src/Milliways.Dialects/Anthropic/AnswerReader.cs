using System.Text;
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

    /// <summary>Characters of text so far: places of citations count them (dialects 4.10, "Response bodies").</summary>
    private int textLength;
    private string? stopReason;
    private string? stopSequence;

    public bool HasStarted { get; private set; }

    public bool HasEnded { get; private set; }

    public void Start(JsonElement message, IChatEventSink sink)
    {
        if (HasStarted)
        {
            // Two answers in one stream would run into one another (CHK-18); the same head twice is only said twice.
            if (!HasEnded && message.Text("id") is { Length: > 0 } other && other != id)
                Fail(Failure.Broken("stream", "The upstream's stream has a second answer in it."), sink);
            return;
        }

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
                block.TextStart = textLength;
                Text(content.Text("text"), sink);
                foreach (var citation in content.Items("citations")) Cite(block, citation);
                break;
            case "thinking":
                if (content.Text("thinking") is { Length: > 0 } thought) sink.On(new ChatEvent.ReasoningDelta(0, thought));
                if (content.Text("signature") is { Length: > 0 } signature) sink.On(new ChatEvent.ReasoningSigned(0, signature));
                break;
            case "redacted_thinking":
                sink.On(new ChatEvent.RedactedReasoning(0, content.Text("data") ?? ""));
                break;
            case "tool_use" when JsonTool.Is(content.Text("name") ?? ""):
                // The whole answer in a call of our own tool: its input is text (dialects 4.8).
                block.Json = new StringBuilder();
                block.IsWrapped = content.Text("name") == JsonTool.WrappedName;
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
                Text(delta.Text("text"), sink);
                break;
            case "citations_delta" when block is { Type: "text" }:
                Cite(block, delta.Get("citation"));
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
            case "input_json_delta" when block is { Json: { } json }:
                if (delta.Text("partial_json") is not { Length: > 0 } piece) break;
                json.Append(piece);
                if (!block.IsWrapped) Text(piece, sink);
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
        if (HasEnded || !blocks.TryGetValue(index, out var block) || block.IsStopped) return;
        block.IsStopped = true;
        foreach (var citation in block.Citations)
            sink.On(new ChatEvent.Cited(0, citation with { StartIndex = block.TextStart, EndIndex = textLength }));
        if (block.Json is { } json) StopJson(block, json, sink);
        if (block.Call is not { } call) return;
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

    private void Text(string? text, IChatEventSink sink)
    {
        if (string.IsNullOrEmpty(text)) return;
        textLength += Characters(text);
        sink.On(new ChatEvent.TextDelta(0, text));
    }

    private void StopJson(Block block, StringBuilder json, IChatEventSink sink)
    {
        var input = json.Length > 0 ? json.ToString() : block.Input;
        if (block.IsWrapped) Text(JsonTool.Unwrapped(input), sink);
        else if (json.Length == 0) Text(input, sink);
    }

    /// <summary>Search results on the web; sources inside documents of the request have no address (dialects 4.10).</summary>
    private static void Cite(Block block, JsonElement citation)
    {
        var url = citation.Text("type") switch
        {
            "web_search_result_location" => citation.Text("url"),
            "search_result_location" => citation.Text("source"),
            _ => null,
        };
        if (url is { Length: > 0 } && block.Citations.Count < 1000) block.Citations.Add(new ChatCitation(url, citation.Text("title")));
    }

    /// <summary>Code points: places are counted so in OpenAI's dialects.</summary>
    private static int Characters(string text) => text.Length - text.Count(char.IsLowSurrogate);

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

        /// <summary>The answer that comes as a call of <see cref="JsonTool"/>.</summary>
        public StringBuilder? Json { get; set; }

        public bool IsWrapped { get; set; }

        /// <summary>Where the block's text begins in the answer's.</summary>
        public int TextStart { get; set; }

        public List<ChatCitation> Citations { get; } = [];

        public bool IsStopped { get; set; }

        /// <summary>The input of the start as text, read at once because the document does not live on.</summary>
        public string Input { get; } = type == "tool_use" && content.Get("input") is { ValueKind: JsonValueKind.Object } input ? JsonText.Compact(input) : "{}";
    }
}
