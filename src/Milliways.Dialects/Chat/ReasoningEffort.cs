namespace Milliways.Dialects.Chat;

/// <summary>How much to think as one of OpenAI's words (dialects 4.9, "A → effort").</summary>
internal static class ReasoningEffort
{
    private static readonly string[] Order = ["max", "xhigh", "high", "medium", "low", "minimal"];

    /// <summary>The word that was asked for, or that a budget stands for; null when only that there shall be thinking was said.</summary>
    public static string? Wanted(ChatThinking thinking) => thinking.Mode == ThinkingMode.Disabled ? "none" : thinking.Effort ?? thinking.BudgetTokens switch
    {
        null => null,
        <= 1024 => "low",
        <= 8192 => "medium",
        <= 24576 => "high",
        _ => "xhigh",
    };

    /// <summary>The word itself, or the nearest below it that is known; null when there is none.</summary>
    public static string? Known(string wanted, IReadOnlyList<string> known)
    {
        string[] order = wanted == "none" ? ["none", "minimal"] : Order;
        return order.SkipWhile(word => word != wanted).FirstOrDefault(known.Contains);
    }
}
