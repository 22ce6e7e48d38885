using System.Collections.Frozen;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>A Chat Completions request (dialects 1.2, 1.3; xai-api 1.3), OpenAI's, xAI's and the usual extensions.</summary>
public static class RequestReader
{
    private static readonly FrozenSet<string> Known = FrozenSet.ToFrozenSet(
    [
        "model", "messages", "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls", "response_format", "max_tokens",
        "max_completion_tokens", "temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias",
        "seed", "stop", "n", "logprobs", "top_logprobs", "reasoning_effort", "reasoning", "thinking", "user", "safety_identifier", "service_tier",
        "stream", "stream_options", "prompt_cache_key", "verbosity",
    ]);

    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    public static Reading<ChatRequest> Read(ReadOnlyMemory<byte> utf8Json)
    {
        using var document = JsonReading.Parse(utf8Json, out var failure);
        if (document is null) return failure!;
        var reading = new JsonReading();
        var request = Read(new JsonField(document.RootElement, JsonPath.Root, reading));
        return reading.Failure is { } wrong ? wrong : request;
    }

    private static ChatRequest Read(JsonField root)
    {
        var (tools, choice) = ToolReader.Read(root);
        return new ChatRequest
        {
            Model = root["model"].RequiredText(),
            Messages = MessageReader.Read(root["messages"]),
            Tools = tools,
            ToolChoice = choice,
            ParallelToolCalls = root["parallel_tool_calls"].Flag(),
            ResponseFormat = ReadFormat(root["response_format"].Object()),
            MaxOutputTokens = root["max_completion_tokens"].Int(1) ?? root["max_tokens"].Int(1),
            Temperature = root["temperature"].Number(0, 2),
            TopP = root["top_p"].Number(0, 1),
            TopK = root["top_k"].Int(-1),
            MinP = root["min_p"].Number(0, 1),
            FrequencyPenalty = root["frequency_penalty"].Number(-2, 2),
            PresencePenalty = root["presence_penalty"].Number(-2, 2),
            RepetitionPenalty = root["repetition_penalty"].Number(0, 100),
            LogitBias = SamplingReader.Bias(root["logit_bias"].Object()),
            Seed = root["seed"].Whole(),
            Stop = SamplingReader.Stop(root["stop"]),
            N = root["n"].Int(1, 128) ?? 1,
            Logprobs = root["logprobs"].Flag() ?? false,
            TopLogprobs = root["top_logprobs"].Int(0, 20),
            Thinking = ReadThinking(root),
            UserName = root["safety_identifier"].IsPresent ? "safety_identifier" : "user",
            User = root["safety_identifier"].Text() ?? root["user"].Text(),
            ServiceTier = root["service_tier"].Text(),
            PromptCacheKey = root["prompt_cache_key"].Text(),
            Verbosity = ReadVerbosity(root["verbosity"]),
            Stream = root["stream"].Flag() ?? false,
            IncludeUsage = root["stream_options"].Object()["include_usage"].Flag() ?? false,
            Other = RequestPieces.Others(root.Value, Known),
        };
    }

    private static string? ReadVerbosity(JsonField verbosity)
    {
        var word = verbosity.Text();
        if (word is not (null or "low" or "medium" or "high")) verbosity.Reading.OutOfRange(verbosity.Path, "one of low, medium, high");
        return word;
    }

    private static ChatResponseFormat? ReadFormat(JsonField format)
    {
        if (!format.IsPresent) return null;
        switch (format["type"].RequiredText())
        {
            case "text":
                return new ChatResponseFormat(ResponseFormatKind.Text);
            case "json_object":
                return new ChatResponseFormat(ResponseFormatKind.JsonObject);
            case "json_schema":
                var schema = format["json_schema"].Object();
                if (!schema.IsPresent) format.Reading.Missing(schema.Path);
                return new ChatResponseFormat(ResponseFormatKind.JsonSchema)
                {
                    Name = schema["name"].Text(),
                    Description = schema["description"].Text(),
                    Schema = schema["schema"].Kept(),
                    Strict = schema["strict"].Flag(),
                };
            default:
                format.Reading.OutOfRange(format["type"].Path, "one of text, json_object, json_schema");
                return null;
        }
    }

    /// <summary><c>reasoning_effort</c>, or the two extensions seen in the wild: OpenRouter's <c>reasoning</c>, Anthropic's <c>thinking</c>.</summary>
    private static ChatThinking? ReadThinking(JsonField root)
    {
        var reasoning = root["reasoning"].Object();
        var field = root["reasoning_effort"].IsPresent ? root["reasoning_effort"] : reasoning["effort"];
        var effort = field.Text();
        if (effort is not null && !Efforts.Contains(effort))
        {
            field.Reading.OutOfRange(field.Path, "one of " + string.Join(", ", Efforts));
            return null;
        }

        var thinking = root["thinking"].Object();
        var budget = reasoning["max_tokens"].Int(0) ?? thinking["budget_tokens"].Int(0);
        var type = thinking["type"].Text();
        if (effort is null && budget is null && type is null) return null;
        var mode = effort == "none" || type == "disabled" ? ThinkingMode.Disabled
            : budget is not null || type == "enabled" ? ThinkingMode.Enabled : ThinkingMode.Adaptive;
        return new ChatThinking(mode) { Effort = effort, BudgetTokens = budget };
    }
}
