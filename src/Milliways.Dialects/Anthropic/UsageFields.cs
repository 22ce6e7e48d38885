using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>Usage of Messages: fields replace what was known, and are never added (dialects 2.7, 4.11).</summary>
public sealed class UsageFields
{
    private long input;
    private long cacheRead;
    private long cacheWrite;
    private long output;
    private long thinking;

    public ChatUsage Usage => new(input, cacheRead, cacheWrite, output, Math.Min(thinking, output));

    /// <summary>Takes the fields that are present. False when there is no usage object.</summary>
    public bool Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object) return false;
        var isSplit = usage.Has("cache_read_input_tokens") || usage.Has("cache_creation_input_tokens");
        // A zero without cache fields after a positive start says nothing (USG-03).
        if (usage.Count("input_tokens") is { } given && (given > 0 || isSplit || input == 0)) input = given;
        cacheRead = usage.Count("cache_read_input_tokens") ?? cacheRead;
        cacheWrite = usage.Count("cache_creation_input_tokens") ?? cacheWrite;
        output = usage.Count("output_tokens") ?? output;
        thinking = usage.Get("output_tokens_details").Count("thinking_tokens") ?? thinking;
        return true;
    }

    internal static void Write(Utf8JsonWriter writer, in ChatUsage usage, long? costTicks = null)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("input_tokens"u8, usage.Input);
        writer.WriteNumber("cache_creation_input_tokens"u8, usage.CacheWrite);
        writer.WriteNumber("cache_read_input_tokens"u8, usage.CacheRead);
        writer.WriteNumber("output_tokens"u8, usage.Output);
        if (usage.Reasoning > 0)
        {
            writer.WriteStartObject("output_tokens_details"u8);
            writer.WriteNumber("thinking_tokens"u8, usage.Reasoning);
            writer.WriteEndObject();
        }

        if (costTicks is { } ticks) writer.WriteNumber("cost_in_usd_ticks"u8, ticks);
        writer.WriteEndObject();
    }
}
