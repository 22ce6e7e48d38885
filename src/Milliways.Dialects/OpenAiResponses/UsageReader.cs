using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>Usage of a Responses upstream as disjoint buckets (dialects 3.5, 4.11).</summary>
public static class UsageReader
{
    /// <summary>Null when there is no usage, or all of it is zero.</summary>
    public static ChatUsage? Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object) return null;
        var input = usage.Count("input_tokens") ?? usage.Count("prompt_tokens") ?? 0;
        var output = usage.Count("output_tokens") ?? usage.Count("completion_tokens") ?? 0;
        var details = usage.Get("input_tokens_details");
        var read = details.Count("cached_tokens") ?? 0;
        var written = details.Count("cache_write_tokens") ?? 0;
        var reasoning = usage.Get("output_tokens_details").Count("reasoning_tokens") ?? 0;

        // Reasoning is inside the output here; a total that says otherwise is a server that counts it beside, as xAI does in Chat.
        var isBeside = usage.Count("total_tokens") is { } total and > 0 ? reasoning > 0 && total == input + output + reasoning : reasoning > output;
        if (isBeside) output += reasoning;
        var answer = new ChatUsage(Math.Max(0, input - read - written), read, written, output, Math.Min(reasoning, output));
        return answer.IsZero ? null : answer;
    }
}
