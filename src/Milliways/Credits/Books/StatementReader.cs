using System.Data.Common;
using System.Globalization;
using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>Which entries of a team: times in Unix milliseconds, the later one excluded.</summary>
/// <param name="After">Only entries with a higher number.</param>
/// <param name="Most">At most so many; the next page begins after the last one.</param>
internal readonly record struct StatementRange(DateTimeOffset? From, DateTimeOffset? To, long After, int Most);

/// <summary>Reads statements. Entries of a team are in order by number and by time, so that opening + entries = closing holds for every range.</summary>
internal static class StatementReader
{
    private const string Columns =
        "seq, time, kind, from_account, to_account, amount, balance, request_id, key_id, model, upstream, input, cached, output, reasoning, images, usage_source, ending, gateway, tags, reason";

    public static Statement Read(DatabaseSession session, Guid team, StatementRange range, long held, bool ledger)
    {
        var account = BookRow.AccountOf(team);
        var after = Math.Max(range.After, range.From is { } from ? EntryTimes.FirstAt(session, team, from.ToUnixTimeMilliseconds()) - 1 : 0);
        var end = range.To is { } to ? EntryTimes.FirstAt(session, team, to.ToUnixTimeMilliseconds()) : long.MaxValue;
        (string, object?)[] where = [("$team", team.ToString("N")), ("$after", after), ("$end", end), ("$most", (long)range.Most)];
        var entries = session.Query(
            $"SELECT {Columns} FROM entries WHERE team = $team AND part = 0 AND seq > $after AND seq < $end ORDER BY seq LIMIT $most", row => Entry(row, account), where);
        var opening = entries is [var first, ..] ? first.BalanceTicks - first.AmountTicks : BalanceAfter(session, team, after);
        var statement = new Statement(
            team.ToString("N"), Text(range.From), Text(range.To), opening, entries is [.., var last] ? last.BalanceTicks : opening, held, entries);
        if (!ledger)
            return statement;
        (string, object?)[] numbers = [("$team", team.ToString("N")), ("$first", entries is [var lowest, ..] ? lowest.Seq : 0), ("$last", entries is [.., var highest] ? highest.Seq : -1)];
        var postings = session.Query(
            "SELECT seq, time, kind, from_account, to_account, amount, request_id FROM entries WHERE team = $team AND seq >= $first AND seq <= $last ORDER BY seq, part", Postings, numbers);
        return statement with { Postings = [.. postings.SelectMany(two => two)] };
    }

    public static string? Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>After the entry of this number, or after the last one when it has not been written yet.</summary>
    private static long BalanceAfter(DatabaseSession session, Guid team, long seq) => session.Query(
        "SELECT balance FROM entries WHERE team = $team AND part = 0 AND seq <= $seq ORDER BY seq DESC LIMIT 1",
        row => row.GetInt64(0), ("$team", team.ToString("N")), ("$seq", seq)) is [var balance] ? balance : 0;

    private static StatementEntry Entry(DbDataReader row, string account) => new(
        row.GetInt64(0), TimeOf(row), row.GetString(2), row.GetString(4) == account ? row.GetInt64(5) : -row.GetInt64(5), row.GetInt64(6), TextOf(row, 7), TextOf(row, 8), TextOf(row, 9),
        TextOf(row, 10), row.GetInt64(11), row.GetInt64(12), row.GetInt64(13), row.GetInt64(14), row.GetInt64(15), TextOf(row, 16), TextOf(row, 17), TextOf(row, 18), TextOf(row, 19), row.GetString(20));

    private static LedgerPosting[] Postings(DbDataReader row)
    {
        LedgerPosting One(int account, long ticks) => new(row.GetInt64(0), TimeOf(row), row.GetString(2), row.GetString(account), ticks, TextOf(row, 6));
        return [One(3, -row.GetInt64(5)), One(4, row.GetInt64(5))];
    }

    private static string TimeOf(DbDataReader row) => Text(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)))!;

    private static string? TextOf(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
