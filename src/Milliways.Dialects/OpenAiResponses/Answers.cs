using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>What streams and whole answers agree on (dialects 4.10).</summary>
internal static class Answers
{
    public static bool IsIncomplete(StopReason reason) => reason is StopReason.MaxTokens or StopReason.ContextFull or StopReason.ContentFilter;

    public static ResponseState State(StopReason reason, IReadOnlyList<OutputItem> items, ChatUsage? usage, long? costTicks) =>
        new(IsIncomplete(reason) ? ResponseStatus.Incomplete : ResponseStatus.Completed, items)
        {
            Reason = reason, Usage = usage ?? default(ChatUsage), CostTicks = costTicks,
        };
}
