using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>A neutral request for an Anthropic upstream (dialects 4.1, 4.4 to 4.9). The same request gives the same bytes.</summary>
public static class RequestWriter
{
    /// <summary>Writes nothing that can be used when it returns a failure. Names what it left out in <paramref name="dropped"/>.</summary>
    public static Failure? Write(ChatRequest request, MessagesWriteOptions options, IBufferWriter<byte> output, ICollection<string> dropped)
    {
        if (Refused(request) is { } refused) return refused;
        var jsonTool = JsonTool.For(request, options);
        if (jsonTool is not null && JsonTool.Refused(request, jsonTool) is { } reserved) return reserved;
        if (Crossing.Check(request, dropped) is { } crossing) return crossing;
        Drop(request, dropped);

        var conversation = Conversation.Of(request, options, out var failure);
        if (failure is not null) return failure;
        var thinking = ThinkingPlan.Of(request, options, conversation, jsonTool is not null, dropped);
        var marks = new CacheMarks(request.Tools, conversation);

        using var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        writer.WriteString("model"u8, options.Model);
        writer.WriteNumber("max_tokens"u8, thinking.MaxTokens);
        ToolWriter.Write(writer, request, jsonTool, marks, dropped);
        if (MessageWriter.Write(writer, conversation, marks) is { } wrong) return wrong;
        thinking.Write(writer);
        WriteOutput(writer, jsonTool is null && options.StructuredOutput ? request.ResponseFormat : null, thinking);
        WriteSampling(writer, request, options, thinking, dropped);
        WriteRest(writer, request, dropped);
        writer.WriteEndObject();
        return null;
    }

    /// <summary>What would change the answer and cannot be had (dialects 4.1, 4.14).</summary>
    private static Failure? Refused(ChatRequest request)
    {
        if (request.N > 1)
            return Failure.Unsupported("n must be 1: the upstream that serves this model gives one answer.", "n") with { Code = "unsupported_value" };
        if (request.Logprobs) return Failure.Unsupported("logprobs is not supported by the upstream that serves this model.", "logprobs");
        if (request.TopLogprobs > 0) return Failure.Unsupported("top_logprobs is not supported by the upstream that serves this model.", "top_logprobs");
        return null;
    }

    private static void Drop(ChatRequest request, ICollection<string> dropped)
    {
        if (request.Seed is not null) dropped.Add("seed");
        if (request.FrequencyPenalty is not null) dropped.Add("frequency_penalty");
        if (request.PresencePenalty is not null) dropped.Add("presence_penalty");
        if (request.RepetitionPenalty is not null) dropped.Add("repetition_penalty");
        if (request.MinP is not null) dropped.Add("min_p");
        if (request.LogitBias is not null) dropped.Add("logit_bias");
        if (request.PromptCacheKey is not null) dropped.Add("prompt_cache_key");
        if (request.Verbosity is not null) dropped.Add("verbosity");
    }

    private static void WriteOutput(Utf8JsonWriter writer, ChatResponseFormat? format, ThinkingPlan thinking)
    {
        var schema = format is { Kind: ResponseFormatKind.JsonSchema, Schema: { } given } ? given : (JsonElement?)null;
        if (schema is null && thinking.Effort is null) return;
        writer.WriteStartObject("output_config"u8);
        if (thinking.Effort is { } effort) writer.WriteString("effort"u8, effort);
        if (schema is { } value)
        {
            writer.WriteStartObject("format"u8);
            writer.WriteString("type"u8, "json_schema"u8);
            writer.WritePropertyName("schema"u8);
            OutputSchema.Write(writer, value);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteSampling(
        Utf8JsonWriter writer, ChatRequest request, MessagesWriteOptions options, ThinkingPlan thinking, ICollection<string> dropped)
    {
        // Above 1 is clamped, never rescaled (PAR-04, PAR-06).
        var temperature = request.Temperature is { } given ? Math.Min(given, 1) : (double?)null;
        var isFree = !options.NoSampling;
        var takesTemperature = isFree && (!thinking.IsOn || temperature is 1);
        var takesTopP = isFree && (!thinking.IsOn || request.TopP is >= 0.95) && !(options.OneSampler && temperature is not null && takesTemperature);
        Number("temperature", temperature, takesTemperature);
        Number("top_p", request.TopP, takesTopP);
        Number("top_k", request.TopK, isFree && !thinking.IsOn && request.TopK >= 0);

        void Number(string name, double? value, bool isTaken)
        {
            if (value is not { } number) return;
            if (isTaken) writer.WriteNumber(name, number);
            else dropped.Add(name);
        }
    }

    private static void WriteRest(Utf8JsonWriter writer, ChatRequest request, ICollection<string> dropped)
    {
        // Blank stop texts are refused there; with none left the member goes too (dialects 4.1).
        var stops = request.Stop.Where(stop => !string.IsNullOrWhiteSpace(stop)).ToList();
        if (stops.Count > 0)
        {
            writer.WriteStartArray("stop_sequences"u8);
            foreach (var stop in stops) writer.WriteStringValue(stop);
            writer.WriteEndArray();
        }

        if (request.User is { } user)
        {
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("user_id"u8, user);
            writer.WriteEndObject();
        }

        if (request.ServiceTier is "auto" or "default" or "standard_only")
            writer.WriteString("service_tier"u8, request.ServiceTier == "auto" ? "auto"u8 : "standard_only"u8);
        else if (request.ServiceTier is not null)
            dropped.Add("service_tier");
        if (request.Stream) writer.WriteBoolean("stream"u8, true);
    }
}
