using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>What one family of models takes differently from the rest of its provider's.</summary>
/// <param name="Pattern">The model's name; a trailing <c>*</c> stands for any rest.</param>
internal sealed record ModelRule(string Pattern)
{
    /// <summary>A reasoning model of OpenAI: no temperature, top_p, penalties or bias, developer turns, <c>max_completion_tokens</c> (dialects 1.2, 4.2, 4.7).</summary>
    public bool IsReasoning { get; init; }

    /// <summary>Refuses frequency_penalty and presence_penalty (xai-api 1.3, 6).</summary>
    public bool NoPenalties { get; init; }

    /// <summary>Refuses stop (xai-api 1.3, 6).</summary>
    public bool NoStop { get; init; }

    /// <summary>Words of <c>reasoning_effort</c> it takes; null: those of its provider; empty: none.</summary>
    public string[]? Efforts { get; init; }
}

/// <summary>
/// Models by name, for the two providers whose Chat models differ among themselves. The first row that fits counts; what fits none is taken as its
/// provider's preset says. Efforts of OpenAI's models: its reference of <c>reasoning_effort</c>.
/// </summary>
internal static class ModelRules
{
    private static readonly ModelRule[] OpenAi =
    [
        new("gpt-3*") { Efforts = [] },
        new("gpt-4*") { Efforts = [] },
        new("chatgpt-*") { Efforts = [] },
        new("gpt-5-chat*") { Efforts = [] },
        new("gpt-5-pro*") { IsReasoning = true, Efforts = ["high"] },
        new("gpt-5.1-codex-max*") { IsReasoning = true, Efforts = ["none", "low", "medium", "high", "xhigh"] },
        new("gpt-5.1*") { IsReasoning = true, Efforts = ["none", "low", "medium", "high"] },
        new("gpt-5.*") { IsReasoning = true, Efforts = ["none", "low", "medium", "high", "xhigh"] },
        new("gpt-5*") { IsReasoning = true, Efforts = ["minimal", "low", "medium", "high"] },
        new("o1-mini*") { IsReasoning = true, Efforts = [] },
        new("o1-preview*") { IsReasoning = true, Efforts = [] },
        new("o1*") { IsReasoning = true, Efforts = ["low", "medium", "high"] },
        new("o3*") { IsReasoning = true, Efforts = ["low", "medium", "high"] },
        new("o4*") { IsReasoning = true, Efforts = ["low", "medium", "high"] },
    ];

    private static readonly ModelRule[] Xai =
    [
        new("grok-3-mini*") { NoPenalties = true, NoStop = true, Efforts = ["low", "high"] },
        new("grok-3*") { NoPenalties = true, NoStop = true, Efforts = [] },
        new("grok-4") { NoPenalties = true, NoStop = true, Efforts = [] },
        new("grok-4-*") { NoPenalties = true, NoStop = true, Efforts = [] },
    ];

    private static readonly ModelRule Plain = new("*");

    public static ModelRule Of(string model, UpstreamTraits traits)
    {
        var rules = traits.OpenAiExtensions ? OpenAi : traits.LiveSearch ? Xai : [];
        return Array.Find(rules, rule => Fits(rule.Pattern, model)) ?? Plain;
    }

    private static bool Fits(string pattern, string model) =>
        pattern.EndsWith('*') ? model.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : model == pattern;
}
