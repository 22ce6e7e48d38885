using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>A neutral request for a Chat upstream (dialects 4.2, 4.4 to 4.9). The same request gives the same bytes.</summary>
public static class RequestWriter
{
    /// <summary>Writes nothing that can be used when it returns a failure. Names what it left out in <paramref name="dropped"/>.</summary>
    public static Failure? Write(ChatRequest request, ChatWriteOptions options, IBufferWriter<byte> output, ICollection<string> dropped)
    {
        if (Crossing.Check(request, dropped, options.LiveSearch) is { } refused) return refused;
        // Chat has no reasoning that could be given back: what was asked for never comes.
        if (request.EncryptedReasoning) dropped.Add(request.EncryptedReasoningName);
        if (request.Stop.Count > options.MaxStops)
        {
            return Failure.Unsupported(options.MaxStops == 0
                ? $"Stop sequences are not supported by the model: leave {request.StopName} out."
                : $"{request.StopName} may have at most {JsonText.Number(options.MaxStops)} texts at the upstream that serves this model.", request.StopName);
        }


        using var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        writer.WriteString("model"u8, options.Model);
        if (MessageWriter.Write(writer, request, options) is { } failure) return failure;
        ToolWriter.Write(writer, request, options, dropped);
        WriteFormat(writer, request.ResponseFormat);
        WriteBounds(writer, request, options);
        WriteSampling(writer, request, options, dropped);
        WriteEffort(writer, request.Thinking, options, dropped);
        if (request.User is { } user) writer.WriteString("user"u8, user.Length <= 64 ? user : ToolCallIds.Hash(user, 32));
        WriteText(writer, "prompt_cache_key", request.PromptCacheKey, options.PromptCacheKey, dropped);
        WriteText(writer, "verbosity", request.Verbosity, options.Verbosity, dropped);
        if (options.LiveSearch && request.Other.TryGetValue("search_parameters", out var search))
        {
            writer.WritePropertyName("search_parameters"u8);
            search.WriteTo(writer);
        }

        if (request.ServiceTier is { } tier) writer.WriteString("service_tier"u8, tier == "standard_only" ? "default" : tier);
        if (request.Stream)
        {
            writer.WriteBoolean("stream"u8, true);
            if (options.StreamOptions)
            {
                writer.WriteStartObject("stream_options"u8);
                writer.WriteBoolean("include_usage"u8, true);
                writer.WriteEndObject();
            }
        }

        writer.WriteEndObject();
        return null;
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value, bool isTaken, ICollection<string> dropped)
    {
        if (value is null) return;
        if (isTaken) writer.WriteString(name, value);
        else dropped.Add(name);
    }

    private static void WriteBounds(Utf8JsonWriter writer, ChatRequest request, ChatWriteOptions options)
    {
        if (request.MaxOutputTokens is { } most)
            writer.WriteNumber(options.MaxTokensField == MaxTokensField.MaxTokens ? "max_tokens"u8 : "max_completion_tokens"u8, most);
        if (request.Stop.Count > 0)
        {
            writer.WriteStartArray("stop"u8);
            foreach (var stop in request.Stop) writer.WriteStringValue(stop);
            writer.WriteEndArray();
        }

        if (request.N != 1) writer.WriteNumber("n"u8, request.N);
        if (request.Seed is { } seed) writer.WriteNumber("seed"u8, seed);
        if (request.Logprobs) writer.WriteBoolean("logprobs"u8, true);
        if (request.TopLogprobs is { } top) writer.WriteNumber("top_logprobs"u8, top);
    }

    private static void WriteSampling(Utf8JsonWriter writer, ChatRequest request, ChatWriteOptions options, ICollection<string> dropped)
    {
        Number("temperature", request.Temperature, !options.NoSampling);
        Number("top_p", request.TopP, !options.NoSampling);
        Number("frequency_penalty", request.FrequencyPenalty, !options.NoSampling && !options.NoPenalties);
        Number("presence_penalty", request.PresencePenalty, !options.NoSampling && !options.NoPenalties);
        Number("top_k", request.TopK, options.SamplingExtensions);
        Number("min_p", request.MinP, options.SamplingExtensions);
        Number("repetition_penalty", request.RepetitionPenalty, options.SamplingExtensions);
        if (request.LogitBias is not { Count: > 0 } bias) return;
        if (options.NoSampling)
        {
            dropped.Add("logit_bias");
            return;
        }

        writer.WriteStartObject("logit_bias"u8);
        foreach (var (token, value) in bias.OrderBy(pair => pair.Key)) writer.WriteNumber(JsonText.Number(token), value);
        writer.WriteEndObject();

        void Number(string name, double? value, bool isTaken)
        {
            if (value is not { } number) return;
            if (isTaken) writer.WriteNumber(name, number);
            else dropped.Add(name);
        }
    }

    /// <summary>Budgets become words (dialects 4.9, "A → effort").</summary>
    private static void WriteEffort(Utf8JsonWriter writer, ChatThinking? thinking, ChatWriteOptions options, ICollection<string> dropped)
    {
        if (thinking is null) return;
        if (ReasoningEffort.Wanted(thinking) is not { } wanted) return;
        if (ReasoningEffort.Known(wanted, options.Efforts) is { } known) writer.WriteString("reasoning_effort"u8, known);
        else dropped.Add("reasoning_effort");
    }

    private static void WriteFormat(Utf8JsonWriter writer, ChatResponseFormat? format)
    {
        if (format is null) return;
        writer.WriteStartObject("response_format"u8);
        writer.WriteString("type"u8, format.Kind switch
        {
            ResponseFormatKind.JsonObject => "json_object"u8,
            ResponseFormatKind.JsonSchema => "json_schema"u8,
            _ => "text"u8,
        });
        if (format.Kind == ResponseFormatKind.JsonSchema)
        {
            writer.WriteStartObject("json_schema"u8);
            writer.WriteString("name"u8, format.Name ?? "structured_output");
            if (format.Description is { } description) writer.WriteString("description"u8, description);
            if (format.Schema is { } schema)
            {
                writer.WritePropertyName("schema"u8);
                schema.WriteTo(writer);
                // Anthropic has no such member: strict where OpenAI's strict mode can take the schema (dialects 4.8).
                writer.WriteBoolean("strict"u8, format.Strict ?? StrictSchema.IsStrict(schema));
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
