using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

internal static class UsageReader
{
    /// <summary>Null when there is none, or all of it is zero. Counts of an upstream are never trusted to be positive.</summary>
    public static ChatUsage? Read(SamplingUsage? usage)
    {
        if (usage is null) return null;
        var (prompt, cached, reasoning) = (Count(usage.PromptTokens), Count(usage.CachedPromptTextTokens), Count(usage.ReasoningTokens));
        var read = new ChatUsage(Math.Max(0, prompt - cached), cached, 0, Count(usage.CompletionTokens) + reasoning, reasoning) { Calls = Math.Max(Count(usage.NumSourcesUsed), usage.ServerSideToolsUsed.Count) };
        return read.IsZero ? null : read;
    }

    private static long Count(int tokens) => Math.Max(0, tokens);
}
