namespace Milliways.Dialects.Anthropic;

/// <summary>What one family of Anthropic's models takes (dialects 2.6). The defaults suit its current models.</summary>
/// <param name="Name">A piece of the model's name: hosts put their own before and behind it.</param>
internal sealed record ModelRule(string Name)
{
    public ThinkingStyle Thinking { get; init; } = ThinkingStyle.Adaptive;

    /// <summary>Thinking can be switched off.</summary>
    public bool MayDisable { get; init; } = true;

    /// <summary>Knows the effort <c>xhigh</c>.</summary>
    public bool HasXhigh { get; init; } = true;

    /// <summary>Refuses temperature, top_p and top_k.</summary>
    public bool NoSampling { get; init; }

    /// <summary>Refuses temperature and top_p together.</summary>
    public bool OneSampler { get; init; } = true;

    /// <summary>Takes <c>output_config.format</c>.</summary>
    public bool StructuredOutput { get; init; } = true;

    /// <summary>Takes <c>role: system</c> inside messages (dialects 2.3).</summary>
    public bool SystemTurns { get; init; }
}

/// <summary>Models by name; the first row that fits counts, and names that fit none are taken for current models (dialects 2.3, 2.6).</summary>
internal static class ModelRules
{
    private static readonly ModelRule[] All =
    [
        new("fable-5") { MayDisable = false, NoSampling = true, SystemTurns = true },
        new("mythos") { MayDisable = false, NoSampling = true, SystemTurns = true },
        new("opus-5") { NoSampling = true, SystemTurns = true },
        new("sonnet-5") { NoSampling = true },
        new("opus-4-8") { NoSampling = true, SystemTurns = true },
        new("opus-4-7") { NoSampling = true },
        new("opus-4-6") { HasXhigh = false },
        new("sonnet-4-6") { HasXhigh = false },
        new("opus-4-5") { Thinking = ThinkingStyle.Manual },
        new("sonnet-4-5") { Thinking = ThinkingStyle.Manual },
        new("haiku-4-5") { Thinking = ThinkingStyle.Manual },
        new("opus-4") { Thinking = ThinkingStyle.Manual, StructuredOutput = false },
        new("sonnet-4") { Thinking = ThinkingStyle.Manual, StructuredOutput = false },
        new("3-7-sonnet") { Thinking = ThinkingStyle.Manual, StructuredOutput = false, OneSampler = false },
        new("claude-3") { Thinking = ThinkingStyle.None, StructuredOutput = false, OneSampler = false },
        new("claude-2") { Thinking = ThinkingStyle.None, StructuredOutput = false, OneSampler = false },
        new("claude-instant") { Thinking = ThinkingStyle.None, StructuredOutput = false, OneSampler = false },
    ];

    private static readonly ModelRule Current = new("");

    /// <summary>Some hosts write versions with a dot.</summary>
    public static ModelRule Of(string model) =>
        Array.Find(All, rule => model.Replace('.', '-').Contains(rule.Name, StringComparison.OrdinalIgnoreCase)) ?? Current;
}
