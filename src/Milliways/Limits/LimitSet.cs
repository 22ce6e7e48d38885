namespace Milliways.Limits;

/// <summary>Limits of one team, key, model or gateway; null: not limited. Windows are sliding and exact (design §4, "Limits").</summary>
internal sealed record LimitSet
{
    public static LimitSet None { get; } = new();

    public int? RequestsPerSecond { get; init; }

    public int? RequestsPerMinute { get; init; }

    public int? RequestsPerHour { get; init; }

    /// <summary>Prompt and answer together.</summary>
    public long? TokensPerMinute { get; init; }

    /// <summary>Exchanges at one time.</summary>
    public int? Concurrent { get; init; }
}
