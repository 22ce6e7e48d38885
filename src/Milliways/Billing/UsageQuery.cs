using System.Globalization;
using Milliways.Storage;

namespace Milliways.Billing;

/// <summary>How times are put together (xai-api 2.3, TimeUnit); usage is kept by the hour, so nothing is shorter.</summary>
internal enum UsageUnit { None, Month, Week, Day, Hour }

/// <summary>What is summed: of the hourly sums, by what, of which hours.</summary>
/// <param name="From">The first hour is the one that begins here or later.</param>
/// <param name="To">Excluded.</param>
internal sealed record UsageQuery(Guid Team, DateTimeOffset From, DateTimeOffset To, TimeZoneInfo Zone, UsageUnit Unit, bool ByKey, bool ByModel)
{
    /// <summary>Only of this key; null: of all.</summary>
    public Guid? Key { get; init; }

    public string? Model { get; init; }

    /// <summary>By group and time, in order.</summary>
    public List<UsagePoint> Run(DatabaseSession session) =>
    [
        .. session.Query(
            """
            SELECT hour, key_id, model, answers, input, output, charged FROM usage_hours
            WHERE team = $team AND hour >= $from AND hour < $to AND ($key = '' OR key_id = $key) AND ($model = '' OR model = $model)
            """,
            row => new UsagePoint(
                ByKey ? row.GetString(1) : "", ByModel ? row.GetString(2) : "", Bucket(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0))),
                row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6)),
            ("$team", Team.ToString("N")), ("$from", From.ToUnixTimeMilliseconds()), ("$to", To.ToUnixTimeMilliseconds()), ("$key", Key?.ToString("D") ?? ""), ("$model", Model ?? ""))
        .GroupBy(point => (point.Key, point.Model, point.Time))
        .Select(points => points.Aggregate((sum, point) => sum.Plus(point)))
        .OrderBy(point => point.Key, StringComparer.Ordinal).ThenBy(point => point.Model, StringComparer.Ordinal).ThenBy(point => point.Time),
    ];

    /// <summary>The begin of the unit that an hour is in, by the zone's clocks. An hour that two days share, in zones of half hours, belongs to that of its begin.</summary>
    private DateTimeOffset Bucket(DateTimeOffset hour)
    {
        var day = TimeZoneInfo.ConvertTime(hour, Zone).Date;
        return Unit switch
        {
            UsageUnit.None => From,
            UsageUnit.Hour => hour,
            UsageUnit.Month => Credits.Grants.MonthlyPeriod.FirstInstant(new DateTime(day.Year, day.Month, 1), Zone),
            // Weeks begin on Mondays (ISO 8601).
            UsageUnit.Week => Credits.Grants.MonthlyPeriod.FirstInstant(day.AddDays(-(((int)day.DayOfWeek + 6) % 7)), Zone),
            _ => Credits.Grants.MonthlyPeriod.FirstInstant(day, Zone),
        };
    }

    /// <summary>A time as xAI writes it, by the zone's clocks.</summary>
    public static bool TryParse(string text, TimeZoneInfo zone, out DateTimeOffset time)
    {
        time = default;
        if (!DateTime.TryParseExact(text, ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var local) || local.Year is < 1971 or > 9998)
            return false;
        time = Credits.Grants.MonthlyPeriod.FirstInstant(local, zone);
        return true;
    }
}

/// <summary>Sums of one group in one unit of time.</summary>
internal sealed record UsagePoint(string Key, string Model, DateTimeOffset Time, long Answers, long Input, long Output, long Ticks)
{
    public UsagePoint Plus(UsagePoint other) => checked(this with
    {
        Answers = Answers + other.Answers, Input = Input + other.Input, Output = Output + other.Output, Ticks = Ticks + other.Ticks,
    });
}
