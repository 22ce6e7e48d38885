using System.Collections.Frozen;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>A Responses request (dialects 3.2 to 3.4, 4.3; xai-api 1.6.1), OpenAI's and xAI's.</summary>
public static class RequestReader
{
    private const string EncryptedReasoning = "reasoning.encrypted_content";
    private const string Logprobs = "message.output_text.logprobs";

    private static readonly FrozenSet<string> Known = FrozenSet.ToFrozenSet(
    [
        "model", "input", "instructions", "previous_response_id", "conversation", "store", "background", "stream", "stream_options", "include",
        "max_output_tokens", "parallel_tool_calls", "tools", "tool_choice", "text", "reasoning", "temperature", "top_p", "logprobs", "top_logprobs",
        "metadata", "service_tier", "prompt_cache_key", "safety_identifier", "user", "prompt",
    ]);

    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    private static readonly string[] Verbosities = ["low", "medium", "high"];

    public static Reading<ChatRequest> Read(ReadOnlyMemory<byte> utf8Json, ResponsesReadOptions? options = null)
    {
        options ??= ResponsesReadOptions.Default;
        using var document = JsonReading.Parse(utf8Json, out var failure);
        if (document is null) return failure!;
        var reading = new JsonReading();
        var root = new JsonField(document.RootElement, JsonPath.Root, reading);
        if (Unresolved(root, options) is { } refused) return refused;
        var request = Read(root, options);
        return reading.Failure is { } wrong ? wrong : request;
    }

    private static ChatRequest Read(JsonField root, ResponsesReadOptions options)
    {
        var (tools, choice) = ToolReader.Read(root);
        var text = root["text"].Object();
        var included = root["include"].Items().Select(item => item.RequiredText()).ToHashSet(StringComparer.Ordinal);
        var top = root["top_logprobs"].Int(0, 20);
        return new ChatRequest
        {
            Model = root["model"].RequiredText(),
            Messages = Conversation.Read(root, options.Earlier),
            Tools = tools,
            ToolChoice = choice,
            ParallelToolCalls = root["parallel_tool_calls"].Flag(),
            ResponseFormat = ReadFormat(text["format"].Object()),
            Verbosity = OneOf(text["verbosity"], Verbosities),
            MaxOutputTokens = root["max_output_tokens"].Int(1),
            Temperature = root["temperature"].Number(0, 2),
            TopP = root["top_p"].Number(0, 1),
            Logprobs = included.Contains(Logprobs) || root["logprobs"].Flag() == true || top > 0,
            TopLogprobs = top > 0 ? top : null,
            Thinking = ReadThinking(root["reasoning"].Object()),
            EncryptedReasoning = included.Contains(EncryptedReasoning),
            UserName = root["safety_identifier"].IsPresent ? "safety_identifier" : "user",
            User = root["safety_identifier"].Text() ?? root["user"].Text(),
            ServiceTier = root["service_tier"].Text(),
            PromptCacheKey = root["prompt_cache_key"].Text(),
            Stream = root["stream"].Flag() ?? false,
            IncludeUsage = true,
            Other = Others(root.Value),
            Sealed = ReasoningItem.AnyIsForeign(root.Value.Get("input")) ? ["input.encrypted_content"] : [],
            Repeated = Repeats.Of(root, options.KeepsAnswers),
        };
    }

    /// <summary>What only a server with a store can resolve (dialects 3.7, 4.3).</summary>
    private static Failure? Unresolved(JsonField root, ResponsesReadOptions options)
    {
        if (root["previous_response_id"].IsPresent && options.Earlier is null)
        {
            var id = root["previous_response_id"].IsText ? root["previous_response_id"].Text() : null;
            return Failure.Invalid($"The previous_response_id '{id}' names no response that is kept here: send the whole conversation as input.", "previous_response_id")
                with { Code = "previous_response_not_found" };
        }

        if (root["conversation"].IsPresent) return Failure.Unsupported("conversation is not supported: send the conversation as input.", "conversation");
        if (root["prompt"].IsPresent) return Failure.Unsupported("prompt is not supported, its templates are kept elsewhere: send instructions and input.", "prompt");
        return root["background"].Value.ValueKind == JsonValueKind.True && !options.KeepsAnswers
            ? Failure.Unsupported("background is not supported, because answers are not kept: leave it out.", "background") : null;
    }

    /// <summary>The default of <c>truncation</c> is what happens anyway: it says nothing that could be dropped.</summary>
    private static Dictionary<string, JsonElement> Others(JsonElement root)
    {
        var others = RequestPieces.Others(root, Known);
        if (root.Text("truncation") == "disabled") others.Remove("truncation");
        return others;
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
                // Flat here; the nested form is Chat's, and clients mix them up.
                var schema = format["schema"].IsPresent || !format["json_schema"].IsObject ? format : format["json_schema"];
                if (!schema["schema"].IsPresent) schema.Reading.Missing(schema["schema"].Path);
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

    private static ChatThinking? ReadThinking(JsonField reasoning)
    {
        var effort = OneOf(reasoning["effort"], Efforts);
        var summary = reasoning["summary"].Text() ?? reasoning["generate_summary"].Text();
        if (effort is null && summary is null) return null;
        return new ChatThinking(effort == "none" ? ThinkingMode.Disabled : ThinkingMode.Adaptive) { Effort = effort, Summary = summary };
    }

    private static string? OneOf(JsonField field, string[] words)
    {
        var word = field.Text();
        if (word is null || words.Contains(word)) return word;
        field.Reading.OutOfRange(field.Path, "one of " + string.Join(", ", words));
        return null;
    }
}
