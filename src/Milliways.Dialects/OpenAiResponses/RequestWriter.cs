using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.OpenAiChat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>A neutral request for a Responses upstream (dialects 3.2, 4.3 to 4.9). The same request gives the same bytes.</summary>
public static class RequestWriter
{
    /// <summary>The dialect takes no smaller bound (dialects 3.2).</summary>
    private const int LeastOutput = 16;

    /// <summary>Writes nothing that can be used when it returns a failure. Names what it left out in <paramref name="dropped"/>.</summary>
    public static Failure? Write(ChatRequest request, ResponsesWriteOptions options, IBufferWriter<byte> output, ICollection<string> dropped)
    {
        if (Refused(request) is { } refused) return refused;
        if (Crossing.Check(request, dropped, options.LiveSearch) is { } crossing) return crossing;
        Drop(request, dropped);

        using var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        writer.WriteString("model"u8, options.Model);
        if (InputWriter.Write(writer, request, options.Strict) is { } failure) return failure;
        ToolWriter.Write(writer, request);
        WriteText(writer, request);
        WriteReasoning(writer, request.Thinking, options, dropped);
        if (request.MaxOutputTokens is { } most) writer.WriteNumber("max_output_tokens"u8, Math.Max(LeastOutput, most));
        Number("temperature", request.Temperature);
        Number("top_p", request.TopP);
        WriteLogprobs(writer, request);
        if (request.User is { } user) writer.WriteString("user"u8, user.Length <= 64 ? user : ToolCallIds.Hash(user, 32));
        if (request.PromptCacheKey is { } key) writer.WriteString("prompt_cache_key"u8, key);
        if (request.ServiceTier is { } tier) writer.WriteString("service_tier"u8, tier == "standard_only" ? "default" : tier);
        if (options.LiveSearch && request.Other.TryGetValue("search_parameters", out var search))
        {
            writer.WritePropertyName("search_parameters"u8);
            search.WriteTo(writer);
        }

        // The conversation is the caller's: nothing of it stays at the upstream.
        writer.WriteBoolean("store"u8, false);
        if (request.Stream) writer.WriteBoolean("stream"u8, true);
        writer.WriteEndObject();
        return null;

        void Number(string name, double? value)
        {
            if (value is not { } number) return;
            if (options.NoSampling) dropped.Add(name);
            else writer.WriteNumber(name, number);
        }
    }

    /// <summary>What the caller would miss and the dialect has no word for (dialects 4.3).</summary>
    private static Failure? Refused(ChatRequest request)
    {
        if (request.N > 1)
            return Failure.Unsupported("n must be 1: the upstream that serves this model gives one answer.", "n") with { Code = "unsupported_value" };
        return request.Stop.Any(stop => stop.Length > 0)
            ? Failure.Unsupported($"Stop sequences are not supported by the upstream that serves this model: leave {request.StopName} out.", request.StopName) : null;
    }

    private static void Drop(ChatRequest request, ICollection<string> dropped)
    {
        // What OpenAI encrypts only it can read, and nothing here carries it through another dialect.
        if (request.EncryptedReasoning) dropped.Add(request.EncryptedReasoningName);
        if (request.Seed is not null) dropped.Add("seed");
        if (request.FrequencyPenalty is not null) dropped.Add("frequency_penalty");
        if (request.PresencePenalty is not null) dropped.Add("presence_penalty");
        if (request.RepetitionPenalty is not null) dropped.Add("repetition_penalty");
        if (request.MinP is not null) dropped.Add("min_p");
        if (request.TopK is not null) dropped.Add("top_k");
        if (request.LogitBias is not null) dropped.Add("logit_bias");
    }

    private static void WriteText(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.ResponseFormat is null && request.Verbosity is null) return;
        writer.WriteStartObject("text"u8);
        if (request.ResponseFormat is { } format) WriteFormat(writer, format);
        if (request.Verbosity is { } verbosity) writer.WriteString("verbosity"u8, verbosity);
        writer.WriteEndObject();
    }

    private static void WriteFormat(Utf8JsonWriter writer, ChatResponseFormat format)
    {
        writer.WriteStartObject("format"u8);
        writer.WriteString("type"u8, format.Kind switch
        {
            ResponseFormatKind.JsonObject => "json_object"u8,
            ResponseFormatKind.JsonSchema => "json_schema"u8,
            _ => "text"u8,
        });
        if (format.Kind == ResponseFormatKind.JsonSchema)
        {
            writer.WriteString("name"u8, format.Name ?? "structured_output");
            if (format.Description is { } description) writer.WriteString("description"u8, description);
            if (format.Schema is { } schema)
            {
                writer.WritePropertyName("schema"u8);
                schema.WriteTo(writer);
                // Strict is this dialect's default: where nobody asked, only what strict mode can take (dialects 4.6, 4.8).
                writer.WriteBoolean("strict"u8, format.Strict ?? StrictSchema.IsStrict(schema));
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteReasoning(Utf8JsonWriter writer, ChatThinking? thinking, ResponsesWriteOptions options, ICollection<string> dropped)
    {
        if (thinking is null) return;
        var wanted = ReasoningEffort.Wanted(thinking);
        var effort = wanted is null ? null : ReasoningEffort.Known(wanted, options.Efforts);
        if (wanted is not null && effort is null) dropped.Add("reasoning_effort");
        // A budget is Anthropic's word, and its callers are always shown the thinking they ask for.
        var summary = thinking.Summary ?? (thinking is { Mode: ThinkingMode.Enabled, BudgetTokens: not null } ? "auto" : null);
        if (options.Efforts.Count == 0) summary = null;
        if (effort is null && summary is null) return;
        writer.WriteStartObject("reasoning"u8);
        if (effort is not null) writer.WriteString("effort"u8, effort);
        if (summary is not null) writer.WriteString("summary"u8, summary);
        writer.WriteEndObject();
    }

    private static void WriteLogprobs(Utf8JsonWriter writer, ChatRequest request)
    {
        if (!request.Logprobs) return;
        writer.WriteStartArray("include"u8);
        writer.WriteStringValue("message.output_text.logprobs"u8);
        writer.WriteEndArray();
        if (request.TopLogprobs is { } top) writer.WriteNumber("top_logprobs"u8, top);
    }
}
