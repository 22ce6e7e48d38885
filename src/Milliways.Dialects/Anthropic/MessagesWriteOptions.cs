namespace Milliways.Dialects.Anthropic;

/// <summary>How a model takes thinking (dialects 2.6).</summary>
public enum ThinkingStyle { None, Manual, Adaptive }

/// <summary>What differs between models of Anthropic's dialect. The defaults suit its current models.</summary>
public sealed record MessagesWriteOptions
{
    /// <summary>The upstream's name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Sent when the caller set no bound: the dialect requires one. The model's most, where the catalogue knows it.</summary>
    public int DefaultMaxTokens { get; init; } = 4096;

    /// <summary>The most the model can give, for making room for a thinking budget; null when unknown.</summary>
    public int? MaxOutputTokens { get; init; }

    public ThinkingStyle Thinking { get; init; } = ThinkingStyle.Adaptive;

    /// <summary>Thinking can be switched off.</summary>
    public bool MayDisableThinking { get; init; } = true;

    /// <summary>The model knows the effort <c>xhigh</c>; otherwise it is <c>high</c>.</summary>
    public bool HasXhigh { get; init; } = true;

    /// <summary>The model takes <c>role: system</c> inside messages.</summary>
    public bool SystemTurns { get; init; }

    /// <summary>The model refuses temperature, top_p and top_k (newer than Opus 4.6).</summary>
    public bool NoSampling { get; init; }

    /// <summary>The model refuses temperature and top_p together (Claude 4.x, PAR-05).</summary>
    public bool OneSampler { get; init; } = true;

    /// <summary>The model takes <c>output_config.format</c>; others are made to call a tool with the answer (dialects 4.8).</summary>
    public bool StructuredOutput { get; init; } = true;

    /// <summary>Refuse what would otherwise be mended: missing and orphaned results, broken arguments.</summary>
    public bool Strict { get; init; }
}
