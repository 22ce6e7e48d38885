using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>The usage object: both details are always there, reasoning is inside the output in both flavours (dialects 3.5; xai-api 1.6.2).</summary>
internal static class UsageWriter
{
    public static void Write(Utf8JsonWriter writer, in ChatUsage usage, Flavour flavour, long? costTicks)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("input_tokens"u8, usage.TotalInput);
        writer.WriteStartObject("input_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, usage.CacheRead);
        writer.WriteNumber("cache_write_tokens"u8, usage.CacheWrite);
        writer.WriteEndObject();
        writer.WriteNumber("output_tokens"u8, usage.Output);
        writer.WriteStartObject("output_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens"u8, usage.Total);
        if (flavour == Flavour.Xai)
        {
            writer.WriteNumber("num_sources_used"u8, 0);
            writer.WriteNumber("num_server_side_tools_used"u8, 0);
        }

        if (costTicks is { } ticks) writer.WriteNumber("cost_in_usd_ticks"u8, ticks);
        writer.WriteEndObject();
    }
}
