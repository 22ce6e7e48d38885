namespace Milliways.Engine;

/// <summary>How the next token is chosen. What is null is taken from the model's <see cref="ModelProfile"/>.</summary>
public sealed record SamplingOptions
{
    /// <summary>0 always takes the likeliest token; above, up to 100, the distribution is flattened. It acts after the cuts below.</summary>
    public float? Temperature { get; init; }

    /// <summary>Keeps the likeliest tokens that together have this probability, 0 to 1; 1 keeps all.</summary>
    public float? TopP { get; init; }

    /// <summary>Keeps this many of the likeliest tokens; 0 keeps all.</summary>
    public int? TopK { get; init; }

    /// <summary>Keeps tokens at least this fraction as likely as the likeliest, 0 to 1; 0 keeps all.</summary>
    public float? MinP { get; init; }

    /// <summary>Taken from a token's logit for each time it was generated, -2 to 2. The prompt does not count.</summary>
    public float? FrequencyPenalty { get; init; }

    /// <summary>Taken once from the logit of each token that was generated, -2 to 2. The prompt does not count.</summary>
    public float? PresencePenalty { get; init; }

    /// <summary>
    /// Divides (or, below zero, multiplies) the logits of recently generated tokens, above 0 up to 10; 1 does nothing. The prompt does not
    /// count.
    /// </summary>
    public float? RepeatPenalty { get; init; }

    /// <summary>How many of the last generated tokens <see cref="RepeatPenalty"/> looks at, 0 to 65,536.</summary>
    public int? RepeatLastTokens { get; init; }

    /// <summary>Token ids and what is added to their logits, -100 to 100.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>The same seed, request and parallel load give the same text; null takes a random one. Choice n uses seed + n.</summary>
    public long? Seed { get; init; }
}
