using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Gemini;

/// <summary>usageMetadata as disjoint buckets (dialects 4.11, 7): the prompt holds what was cached, the candidates do not hold the thoughts.</summary>
public static class UsageReader
{
    /// <summary>Null when there is none, or all of it is zero.</summary>
    public static ChatUsage? Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object) return null;
        var cached = usage.Count("cachedContentTokenCount") ?? 0;
        var input = Math.Max(0, (usage.Count("promptTokenCount") ?? 0) - cached) + (usage.Count("toolUsePromptTokenCount") ?? 0);
        var thoughts = usage.Count("thoughtsTokenCount") ?? 0;
        var answer = new ChatUsage(input, cached, 0, (usage.Count("candidatesTokenCount") ?? 0) + thoughts, thoughts);
        return answer.IsZero ? null : answer;
    }
}
