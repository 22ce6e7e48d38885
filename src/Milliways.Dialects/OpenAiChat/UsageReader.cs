using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Usage of a Chat upstream as disjoint buckets (dialects 1.6, 4.11), whichever way it counts reasoning.</summary>
public static class UsageReader
{
    /// <summary>Null when there is no usage, or all of it is zero, which some servers send on every chunk (USG-07).</summary>
    public static ChatUsage? Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object) return null;
        var prompt = usage.Count("prompt_tokens") ?? usage.Count("input_tokens") ?? 0;
        var completion = usage.Count("completion_tokens") ?? usage.Count("output_tokens") ?? 0;
        var promptDetails = usage.Get("prompt_tokens_details");
        var read = promptDetails.Count("cached_tokens") ?? usage.Count("prompt_cache_hit_tokens") ?? usage.Count("cache_read_input_tokens") ?? 0;
        var written = promptDetails.Count("cache_write_tokens") ?? usage.Count("cache_creation_input_tokens") ?? 0;
        var reasoning = usage.Get("completion_tokens_details").Count("reasoning_tokens") ?? usage.Count("reasoning_tokens") ?? 0;

        // xAI counts reasoning beside the completion, OpenAI inside it: the total tells (xai-api 1.3.6). Without a total, what cannot be inside is beside.
        var isBeside = usage.Count("total_tokens") is { } total and > 0
            ? total == prompt + completion + reasoning
            : reasoning > completion;
        var output = isBeside ? completion + reasoning : completion;
        var answer = new ChatUsage(Math.Max(0, prompt - read - written), read, written, output, Math.Min(reasoning, output)) { Calls = usage.Count("num_sources_used") ?? 0 };
        return answer.IsZero ? null : answer;
    }
}
