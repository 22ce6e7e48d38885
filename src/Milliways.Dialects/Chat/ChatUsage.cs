namespace Milliways.Dialects.Chat;

/// <summary>
/// Tokens of an answer in buckets of which none contains another, except <see cref="Reasoning"/>, which is part of <see cref="Output"/> (dialects 4.11).
/// </summary>
/// <param name="Input">Prompt tokens neither read from nor written to a cache.</param>
/// <param name="CacheRead">Prompt tokens read from a cache.</param>
/// <param name="CacheWrite">Prompt tokens written to a cache.</param>
/// <param name="Output">All produced tokens, reasoning included.</param>
/// <param name="Reasoning">Produced tokens that were reasoning.</param>
public readonly record struct ChatUsage(long Input, long CacheRead, long CacheWrite, long Output, long Reasoning)
{
    /// <summary>Calls of tools that ran at the upstream and are charged one by one, such as sources of a search.</summary>
    public long Calls { get; init; }

    public long TotalInput => Input + CacheRead + CacheWrite;

    public long Total => TotalInput + Output;

    public bool IsZero => Input == 0 && CacheRead == 0 && CacheWrite == 0 && Output == 0;
}
