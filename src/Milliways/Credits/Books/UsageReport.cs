using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>What teams were charged, from the hourly sums. Everything durable is in the books before they are read.</summary>
internal sealed class UsageReport(LedgerDatabase database, Bookkeeping books)
{
    /// <summary>By day (UTC) and model, in order of days.</summary>
    /// <param name="team">Whose.</param>
    /// <param name="from">From the hour that this moment is in.</param>
    /// <param name="to">Before this moment.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<IReadOnlyList<UsageDay>> DaysAsync(Guid team, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel)
    {
        await books.Folder.CatchUpAsync(cancel);
        return await database.RunAsync(session => session.Query(
            """
            SELECT hour / 86400000, model, CAST(SUM(charged) AS BIGINT) FROM usage_hours
            WHERE team = $team AND hour > $from AND hour < $to GROUP BY hour / 86400000, model ORDER BY 1, 2
            """,
            row => new UsageDay(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0) * 86_400_000), row.GetString(1), row.GetInt64(2)),
            ("$team", team.ToString("N")), ("$from", from.ToUnixTimeMilliseconds() - 3_600_000), ("$to", to.ToUnixTimeMilliseconds())));
    }
}

/// <param name="Day">Its beginning in UTC.</param>
/// <param name="Model">As callers named it.</param>
/// <param name="Ticks">What was charged.</param>
internal readonly record struct UsageDay(DateTimeOffset Day, string Model, long Ticks);
