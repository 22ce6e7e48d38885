using Milliways.Credits.Books;
using Milliways.Storage;

namespace Milliways.Billing;

/// <summary>What a team's entries of one invoice add up to, in ticks.</summary>
internal sealed record InvoiceSums(IReadOnlyList<InvoiceLine> Lines, IReadOnlyList<InvoiceMovement> Movements, long Opening, long LastSeq)
{
    public long Net => Lines.Sum(line => line.AmountTicks);

    public long Closing => Opening + Movements.Sum(movement => movement.AmountTicks);

    /// <summary>What the team owes more than before, at most what it used: the part that no credit has paid for.</summary>
    public long NewlyOwed => Math.Clamp(Math.Max(0, -Closing) - Math.Max(0, -Opening), 0, Net);

    /// <summary>Of the entries behind a number and before a month's end.</summary>
    public static InvoiceSums Of(DatabaseSession session, Guid team, InvoiceMonth month, long after)
    {
        (string, object?)[] range = [("$team", team.ToString("N")), ("$after", after), ("$end", EntryTimes.FirstAt(session, team, month.End.ToUnixTimeMilliseconds(), after + 1))];
        const string Where = "FROM entries WHERE team = $team AND part = 0 AND seq > $after AND seq < $end";
        var lines = session.Query(
            $"""
            SELECT model, COUNT(*), CAST(SUM(input) AS BIGINT), CAST(SUM(cached) AS BIGINT), CAST(SUM(output) AS BIGINT), CAST(SUM(images) AS BIGINT), CAST(SUM(amount) AS BIGINT)
            {Where} AND kind = 'charge' GROUP BY model ORDER BY model
            """,
            row => new InvoiceLine(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6)), range);
        var movements = session.Query(
            $"SELECT kind, COUNT(*), CAST(SUM(CASE WHEN to_account = $account THEN amount ELSE -amount END) AS BIGINT) {Where} GROUP BY kind ORDER BY kind",
            row => new InvoiceMovement(row.GetString(0), row.GetInt64(1), row.GetInt64(2)), [.. range, ("$account", BookRow.AccountOf(team))]);
        var last = session.Query($"SELECT MAX(seq) {Where}", row => row.IsDBNull(0) ? after : row.GetInt64(0), range)[0];
        var opening = session.Query("SELECT balance FROM entries WHERE team = $team AND part = 0 AND seq = $after", row => row.GetInt64(0), ("$team", team.ToString("N")), ("$after", after)) is [var balance] ? balance : 0;
        return new InvoiceSums(lines, movements, opening, last);
    }
}
