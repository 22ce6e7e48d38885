using System.Collections.Frozen;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>A Messages request (dialects 2.2 to 2.6; xai-api 1.5).</summary>
public static class RequestReader
{
    private static readonly FrozenSet<string> Known = FrozenSet.ToFrozenSet(
    [
        "model", "max_tokens", "messages", "system", "stop_sequences", "stream", "temperature", "top_p", "top_k", "thinking", "tools", "tool_choice",
        "metadata", "service_tier", "output_config", "output_format",
    ]);

    private static readonly string[] Efforts = ["low", "medium", "high", "xhigh", "max"];

    /// <param name="utf8Json">The body.</param>
    /// <param name="needsMaxTokens">False for count_tokens, which has none (dialects 2.8).</param>
    public static Reading<ChatRequest> Read(ReadOnlyMemory<byte> utf8Json, bool needsMaxTokens = true)
    {
        using var document = JsonReading.Parse(utf8Json, out var failure);
        if (document is null) return failure!;
        var reading = new JsonReading();
        var root = new JsonField(document.RootElement, JsonPath.Root, reading);
        if (needsMaxTokens && !root["max_tokens"].IsPresent) reading.Missing(root["max_tokens"].Path);
        var request = Read(root);
        return reading.Failure is { } wrong ? wrong : request;
    }

    private static ChatRequest Read(JsonField root)
    {
        var choice = root["tool_choice"].Object();
        // The rest of the conversation lies at Anthropic: without it the answer would be to another question.
        if (root["thread"].Object()["type"].Text() == "continue")
            root.Reading.Fail(Failure.Unsupported("thread continues a conversation that Anthropic keeps, and another upstream serves this model. Send the whole conversation in messages, without thread.", "thread"));
        return new ChatRequest
        {
            Model = root["model"].RequiredText(),
            Messages = MessageReader.Read(root),
            Tools = ReadTools(root["tools"]),
            ToolChoice = ReadChoice(choice),
            ParallelToolCalls = choice["disable_parallel_tool_use"].Flag() == true ? false : null,
            ResponseFormat = ReadFormat(root),
            MaxOutputTokens = root["max_tokens"].Int(1),
            Temperature = root["temperature"].Number(0, 2),
            TopP = root["top_p"].Number(0, 1),
            TopK = root["top_k"].Int(-1),
            StopName = "stop_sequences",
            Stop = [.. root["stop_sequences"].Items().Select(item => item.RequiredText())],
            Thinking = ReadThinking(root),
            UserName = "metadata.user_id",
            User = root["metadata"].Object()["user_id"].Text(),
            ServiceTier = root["service_tier"].Text(),
            Stream = root["stream"].Flag() ?? false,
            IncludeUsage = true,
            Other = RequestPieces.Others(root.Value, Known),
        };
    }

    private static List<ChatTool> ReadTools(JsonField tools)
    {
        var read = new List<ChatTool>();
        foreach (var tool in tools.Items())
        {
            if (!tool.Object().IsObject) return read;
            var type = tool["type"].Text();
            if (type is not (null or "custom"))
            {
                // Never dropped silently (PAR-11).
                tools.Reading.Fail(Failure.Unsupported(
                    $"{tool["type"].Path} is '{type}'; the upstream that serves this model takes custom tools only.", tool["type"].Path.ToString()));
                return read;
            }

            RequestPieces.AddTool(read, new ChatTool(tool["name"].RequiredText(), tool["description"].Text(), tool["input_schema"].Kept())
            {
                Strict = tool["strict"].Flag(),
                CacheControl = tool["cache_control"].Kept(),
            }, tool);
        }

        return read;
    }

    private static ChatToolChoice? ReadChoice(JsonField choice)
    {
        if (!choice.IsPresent) return null;
        switch (choice["type"].RequiredText())
        {
            case "auto": return new ChatToolChoice(ToolChoiceMode.Auto);
            case "any": return new ChatToolChoice(ToolChoiceMode.Required);
            case "none": return new ChatToolChoice(ToolChoiceMode.None);
            case "tool": return new ChatToolChoice(ToolChoiceMode.Named, choice["name"].RequiredText());
            default:
                choice.Reading.OutOfRange(choice["type"].Path, "one of auto, any, tool, none");
                return null;
        }
    }

    private static ChatResponseFormat? ReadFormat(JsonField root)
    {
        var format = root["output_config"].Object()["format"].Object();
        if (!format.IsPresent) format = root["output_format"].Object();
        if (!format.IsPresent) return null;
        if (format["type"].RequiredText() == "json_schema")
        {
            if (!format["schema"].IsPresent) format.Reading.Missing(format["schema"].Path);
            return new ChatResponseFormat(ResponseFormatKind.JsonSchema) { Schema = format["schema"].Kept() };
        }

        format.Reading.OutOfRange(format["type"].Path, "json_schema");
        return null;
    }

    private static ChatThinking? ReadThinking(JsonField root)
    {
        var field = root["output_config"]["effort"];
        var effort = field.Text();
        if (effort is not null && !Efforts.Contains(effort)) field.Reading.OutOfRange(field.Path, "one of " + string.Join(", ", Efforts));
        var thinking = root["thinking"].Object();
        if (!thinking.IsPresent) return effort is null ? null : new ChatThinking(ThinkingMode.Adaptive) { Effort = effort };
        // "omitted", the other word, is what the newest models do by themselves.
        var summary = thinking["display"].Text() == "summarized" ? "auto" : null;
        switch (thinking["type"].RequiredText())
        {
            case "adaptive": return new ChatThinking(ThinkingMode.Adaptive) { Effort = effort, Summary = summary };
            case "disabled": return new ChatThinking(ThinkingMode.Disabled) { Effort = effort };
            case "enabled":
                if (!thinking["budget_tokens"].IsPresent) thinking.Reading.Missing(thinking["budget_tokens"].Path);
                return new ChatThinking(ThinkingMode.Enabled) { Effort = effort, BudgetTokens = thinking["budget_tokens"].Int(1), Summary = summary };
            default:
                thinking.Reading.OutOfRange(thinking["type"].Path, "one of enabled, adaptive, disabled");
                return null;
        }
    }
}
