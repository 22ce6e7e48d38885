using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>SamplingUsage: reasoning stands beside the completion, as in xAI's REST (xai-api 0.2 rule 12, 3.4.8).</summary>
internal static class UsageWriter
{
    public static SamplingUsage Of(in ChatUsage usage, long? costTicks)
    {
        var message = new SamplingUsage();
        Fill(message, usage);
        if (costTicks is { } ticks) message.CostInUsdTicks = ticks;
        return message;
    }

    public static void Fill(SamplingUsage message, in ChatUsage usage)
    {
        message.PromptTokens = Fit(usage.TotalInput);
        message.PromptTextTokens = Fit(usage.Input + usage.CacheWrite);
        message.CachedPromptTextTokens = Fit(usage.CacheRead);
        message.CompletionTokens = Fit(usage.Output - usage.Reasoning);
        message.ReasoningTokens = Fit(usage.Reasoning);
        message.TotalTokens = Fit(usage.Total);
        message.NumSourcesUsed = Fit(usage.Calls);
    }

    private static int Fit(long tokens) => (int)Math.Clamp(tokens, 0, int.MaxValue);
}
