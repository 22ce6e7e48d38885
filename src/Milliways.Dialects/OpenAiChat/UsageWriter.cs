using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>The usage object in both flavours (dialects 1.6; xai-api 1.3.6): xAI counts reasoning beside the completion, OpenAI inside.</summary>
internal static class UsageWriter
{
    public static void Write(Utf8JsonWriter writer, in ChatUsage usage, Flavour flavour, long? costTicks)
    {
        var isXai = flavour == Flavour.Xai;
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, usage.TotalInput);
        writer.WriteNumber("completion_tokens"u8, isXai ? usage.Output - usage.Reasoning : usage.Output);
        writer.WriteNumber("total_tokens"u8, usage.Total);

        writer.WriteStartObject("prompt_tokens_details"u8);
        if (isXai) writer.WriteNumber("text_tokens"u8, usage.TotalInput);
        writer.WriteNumber("audio_tokens"u8, 0);
        if (isXai) writer.WriteNumber("image_tokens"u8, 0);
        writer.WriteNumber("cached_tokens"u8, usage.CacheRead);
        if (usage.CacheWrite > 0) writer.WriteNumber("cache_write_tokens"u8, usage.CacheWrite);
        writer.WriteEndObject();

        writer.WriteStartObject("completion_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
        writer.WriteNumber("audio_tokens"u8, 0);
        writer.WriteNumber("accepted_prediction_tokens"u8, 0);
        writer.WriteNumber("rejected_prediction_tokens"u8, 0);
        writer.WriteEndObject();

        if (isXai) writer.WriteNumber("num_sources_used"u8, 0);
        if (costTicks is { } ticks) writer.WriteNumber("cost_in_usd_ticks"u8, ticks);
        writer.WriteEndObject();
    }
}
