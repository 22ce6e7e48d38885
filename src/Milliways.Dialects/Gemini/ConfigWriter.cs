using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>generationConfig (dialects 7); absent when there is nothing to say.</summary>
internal static class ConfigWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request, ModelTraits model, ICollection<string> dropped)
    {
        var thinking = ThinkingPlan.Of(request.Thinking, model, dropped);
        var hasBegun = false;
        if (request.MaxOutputTokens is { } most) Begun().WriteNumber("maxOutputTokens"u8, most);
        if (request.Temperature is { } temperature) Begun().WriteNumber("temperature"u8, temperature);
        if (request.TopP is { } topP) Begun().WriteNumber("topP"u8, topP);
        if (request.TopK is > 0) Begun().WriteNumber("topK"u8, request.TopK.Value);
        else if (request.TopK is not null) dropped.Add("top_k");
        if (request.PresencePenalty is { } presence) Begun().WriteNumber("presencePenalty"u8, presence);
        if (request.FrequencyPenalty is { } frequency) Begun().WriteNumber("frequencyPenalty"u8, frequency);
        // Seeds are 32 bits wide there.
        if (request.Seed is >= int.MinValue and <= int.MaxValue) Begun().WriteNumber("seed"u8, request.Seed.Value);
        else if (request.Seed is not null) dropped.Add("seed");
        if (request.N > 1) Begun().WriteNumber("candidateCount"u8, request.N);
        if (request.Stop.Any(stop => stop.Length > 0))
        {
            Begun().WriteStartArray("stopSequences"u8);
            foreach (var stop in request.Stop.Where(stop => stop.Length > 0)) writer.WriteStringValue(stop);
            writer.WriteEndArray();
        }

        if (request.Logprobs)
        {
            Begun().WriteBoolean("responseLogprobs"u8, true);
            if (request.TopLogprobs is > 0) writer.WriteNumber("logprobs"u8, request.TopLogprobs.Value);
        }

        if (request.ResponseFormat is { Kind: not ResponseFormatKind.Text } format)
        {
            Begun().WriteString("responseMimeType"u8, "application/json"u8);
            if (format.Schema is { } schema)
            {
                writer.WritePropertyName("responseJsonSchema"u8);
                schema.WriteTo(writer);
            }
        }

        if (thinking is not null)
        {
            _ = Begun();
            thinking.Write(writer);
        }

        if (hasBegun) writer.WriteEndObject();

        Utf8JsonWriter Begun()
        {
            if (!hasBegun) writer.WriteStartObject("generationConfig"u8);
            hasBegun = true;
            return writer;
        }
    }
}
