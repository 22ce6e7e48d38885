using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>Bounds of a month's spending in the database.</summary>
internal static class MonthBook
{
    /// <summary>By gateway; the empty name is the whole team.</summary>
    public static List<(string Gateway, SpendingLimit Limit)> Limits(DatabaseSession session, Guid team) => session.Query(
        "SELECT gateway, soft, hard FROM spending_limits WHERE team = $team",
        row => (row.GetString(0), new SpendingLimit(row.IsDBNull(1) ? null : row.GetInt64(1), row.IsDBNull(2) ? null : row.GetInt64(2))), ("$team", team.ToString("N")));

    /// <summary>With the number of changes that are in them at least: what was read earlier and comes later is told apart by it.</summary>
    public static (long Number, List<(string Gateway, SpendingLimit Limit)> Limits) NumberedLimits(DatabaseSession session, Guid team)
    {
        var number = session.Query("SELECT number FROM changes WHERE topic = $topic", row => row.GetInt64(0), ("$topic", Topics.Money));
        return (number is [var counted] ? counted : 0, Limits(session, team));
    }

    /// <summary>
    /// What counts against a bound, in ticks. The month is that of the team's last entry when that is later than the clock: entries never go back, so a server
    /// whose clock is behind must not count by a month that is over in the books.
    /// </summary>
    public static long Spent(DatabaseSession session, BookRow row, string resource, DateTimeOffset now)
    {
        var from = Begin(DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(row.Booked, now.ToUnixTimeMilliseconds())));
        const string sum = "SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT) FROM usage_hours WHERE team = $team AND hour >= $from";
        (string, object?) team = ("$team", row.Team.ToString("N")), since = ("$from", from);
        if (Resources.KeyOf(resource) is { } key)
            return session.Query(sum + " AND key_id = $key", found => found.GetInt64(0), team, since, ("$key", key))[0];
        if (Resources.GatewayOf(resource) is { } gateway)
            return session.Query(sum + " AND gateway = $gateway", found => found.GetInt64(0), team, since, ("$gateway", gateway))[0];
        return session.Query(sum, found => found.GetInt64(0), team, since)[0];
    }

    /// <summary>In Unix milliseconds.</summary>
    public static long Begin(DateTimeOffset now)
    {
        var utc = now.UtcDateTime;
        return new DateTimeOffset(utc.Year, utc.Month, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    }
}
