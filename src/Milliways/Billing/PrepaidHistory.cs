using Milliways.Credits;
using Milliways.Credits.Books;
using Milliways.Storage;

namespace Milliways.Billing;

/// <summary>One change of a team's credit as xAI's billing counts it: in cents, and what is added is negative.</summary>
/// <param name="Kind">As in the statement; <c>charge</c> stands for all of a month.</param>
/// <param name="Month">Of charges: the month that they are of.</param>
internal sealed record PrepaidChange(string Kind, long Cents, DateTimeOffset Time, InvoiceMonth? Month);

/// <summary>What came and went of a team's credit. Each change is rounded so that the sum of all is the balance, rounded once.</summary>
internal sealed class PrepaidHistory(LedgerDatabase database, Bookkeeping books, TimeProvider time)
{
    public async Task<(IReadOnlyList<PrepaidChange> Changes, long Total)> OfAsync(Guid team, TimeZoneInfo zone, CancellationToken cancel)
    {
        await books.Folder.CatchUpAsync(cancel);
        var moves = await database.ReadAsync(session => Read(session, team, zone));
        var (changes, sum) = (new List<PrepaidChange>(), 0L);
        foreach (var (kind, ticks, at, month) in moves.OrderBy(move => move.Time))
        {
            var before = Cents.Of(-sum);
            sum = checked(sum + ticks);
            changes.Add(new PrepaidChange(kind, Cents.Of(-sum) - before, at, month));
        }
        return (changes, Cents.Of(-sum));
    }

    private List<(string Kind, long Ticks, DateTimeOffset Time, InvoiceMonth? Month)> Read(DatabaseSession session, Guid team, TimeZoneInfo zone)
    {
        (string, object?)[] whose = [("$team", team.ToString("N")), ("$account", BookRow.AccountOf(team))];
        var moves = session.Query(
            "SELECT kind, CASE WHEN to_account = $account THEN amount ELSE -amount END, time FROM entries WHERE team = $team AND part = 0 AND kind <> 'charge' ORDER BY seq",
            row => (row.GetString(0), row.GetInt64(1), Time(row.GetInt64(2)), (InvoiceMonth?)null), whose);
        if (session.Query("SELECT time FROM entries WHERE team = $team AND part = 0 ORDER BY seq LIMIT 1", row => Time(row.GetInt64(0)), whose[0]) is not [var first])
            return [];
        var (now, from) = (time.GetUtcNow(), 1L);
        for (var month = InvoiceMonth.At(first, zone); month.Begin <= now; month = month.Next)
        {
            var to = EntryTimes.FirstAt(session, team, month.End.ToUnixTimeMilliseconds(), from);
            moves.AddRange(session.Query(
                "SELECT CAST(SUM(amount) AS BIGINT), MAX(time) FROM entries WHERE team = $team AND part = 0 AND kind = 'charge' AND seq >= $from AND seq < $to",
                row => row.IsDBNull(0) ? default : ("charge", -row.GetInt64(0), Time(row.GetInt64(1)), (InvoiceMonth?)month),
                whose[0], ("$from", from), ("$to", to)).Where(charged => charged.Item1 is not null));
            from = to;
        }
        return moves;
    }

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
