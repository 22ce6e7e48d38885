using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>thinkingConfig out of effort words and budgets (dialects 4.9, 7). Thoughts are asked for whenever thinking is on: they are not shown otherwise.</summary>
internal sealed record ThinkingPlan(int? Budget, string? Level, bool IncludeThoughts)
{
    /// <summary>Null: nothing is said, and the model does as it does by itself.</summary>
    public static ThinkingPlan? Of(ChatThinking? thinking, ModelTraits model, ICollection<string> dropped)
    {
        if (thinking is null) return null;
        var isOff = thinking.Mode == ThinkingMode.Disabled;
        switch (model.Thinking)
        {
            case ThinkingStyle.Budget when isOff:
                return new ThinkingPlan(model.LeastBudget, null, IncludeThoughts: false);
            case ThinkingStyle.Budget:
                var wanted = thinking.BudgetTokens ?? Tokens(thinking.Effort);
                return new ThinkingPlan(wanted is { } tokens ? Math.Clamp(tokens, Math.Max(1, model.LeastBudget), model.MostBudget) : null, null, IncludeThoughts: true);
            case ThinkingStyle.Level when isOff:
                return new ThinkingPlan(null, Known("MINIMAL", model), IncludeThoughts: false);
            case ThinkingStyle.Level:
                return new ThinkingPlan(null, Word(thinking) is { } word ? Known(word, model) : null, IncludeThoughts: true);
            default:
                if (!isOff) dropped.Add("reasoning_effort");
                return null;
        }
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("thinkingConfig"u8);
        if (Budget is { } budget) writer.WriteNumber("thinkingBudget"u8, budget);
        if (Level is { } level) writer.WriteString("thinkingLevel"u8, level);
        if (IncludeThoughts) writer.WriteBoolean("includeThoughts"u8, true);
        writer.WriteEndObject();
    }

    /// <summary>The same numbers as everywhere (dialects 4.9); what is more than the model's most is bounded behind this.</summary>
    private static int? Tokens(string? effort) => effort switch
    {
        null => null,
        "minimal" or "low" => 1024,
        "medium" => 8192,
        "high" => 24576,
        _ => 32768,
    };

    private static string? Word(ChatThinking thinking) => thinking.Effort switch
    {
        null => thinking.BudgetTokens switch
        {
            null => null,
            <= 1024 => "LOW",
            <= 8192 => "MEDIUM",
            _ => "HIGH",
        },
        "minimal" => "MINIMAL",
        "low" => "LOW",
        "medium" => "MEDIUM",
        _ => "HIGH",
    };

    /// <summary>Pro models begin at LOW.</summary>
    private static string Known(string level, ModelTraits model) => level == "MINIMAL" && model.IsPro ? "LOW" : level;
}
