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

    public bool IsEmpty => this is { RequestsPerSecond: null, RequestsPerMinute: null, RequestsPerHour: null, TokensPerMinute: null, Concurrent: null };

    /// <summary>These limits where they name one, the defaults where they do not.</summary>
    public LimitSet Over(LimitSet defaults) => new()
    {
        RequestsPerSecond = RequestsPerSecond ?? defaults.RequestsPerSecond,
        RequestsPerMinute = RequestsPerMinute ?? defaults.RequestsPerMinute,
        RequestsPerHour = RequestsPerHour ?? defaults.RequestsPerHour,
        TokensPerMinute = TokensPerMinute ?? defaults.TokensPerMinute,
        Concurrent = Concurrent ?? defaults.Concurrent,
    };
}
