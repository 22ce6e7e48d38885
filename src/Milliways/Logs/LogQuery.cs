using System.Globalization;

namespace Milliways.Logs;

/// <summary>Which entries of one team are wanted. There is no query without a team.</summary>
/// <param name="Team">32 hex digits; empty: those of requests without a key that is known.</param>
/// <param name="Filters">All must hold.</param>
internal sealed record LogQuery(string Team, IReadOnlyList<LogFilter> Filters)
{
    /// <summary>The most entries of a page.</summary>
    public const int MostLimit = 1000;

    public int Limit { get; init; } = 50;

    /// <summary>Those behind this one: the last of the page before.</summary>
    public LogCursor? After { get; init; }

    public bool OldestFirst { get; init; }

    /// <summary>How many entries are looked through for the page; null: as many as a page's time allows.</summary>
    public int? Look { get; init; }

    /// <summary>Only those that were written later, in the order in which they were: for whoever follows; null: pages by time.</summary>
    public long? WrittenAfter { get; init; }
}

/// <summary>A place between two entries: by when the requests came, and of one moment by their ids.</summary>
internal readonly record struct LogCursor(long Created, string Id)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Created}:{Id}");

    public static LogCursor? Parse(string text) =>
        text.Split(':') is [var created, { Length: 36 } id] && long.TryParse(created, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) ? new LogCursor(milliseconds, id) : null;
}
