using Milliways.Credits.Accounts;
using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>Credit that comes in.</summary>
/// <param name="Rule">What gives it, when that may happen once only; null: an operator, as often as he says so.</param>
internal sealed record NewLot(Guid Id, Guid Team, LotKind Kind, long Ticks, DateTimeOffset? Expires, DateTimeOffset Time, string Reason, string? Rule);

/// <summary>Lots in the database. Credit comes in here first: the key of its rule is unique whatever the number of processes.</summary>
internal static class LotBook
{
    /// <summary>Adds a lot and its entry, inside the caller's transaction. False: its rule has given it already.</summary>
    public static bool Add(DatabaseSession session, NewLot lot)
    {
        var added = session.Execute(
            """
            INSERT INTO lots (id, team, kind, amount, remains, expires, created, reason, rule)
            VALUES ($id, $team, $kind, $amount, $amount, $expires, $created, $reason, $rule) ON CONFLICT (rule) DO NOTHING
            """,
            ("$id", lot.Id.ToString("N")), ("$team", lot.Team.ToString("N")), ("$kind", Words.Of(lot.Kind)), ("$amount", lot.Ticks),
            ("$expires", lot.Expires?.ToUnixTimeMilliseconds()), ("$created", lot.Time.ToUnixTimeMilliseconds()), ("$reason", lot.Reason), ("$rule", lot.Rule));
        if (added == 0)
            return false;
        var row = BookRow.Take(session, lot.Team);
        EntryWriter.Write(session, row, lot.Time, Words.Of(lot.Kind), Source(lot.Kind), row.Account, lot.Ticks, lot.Reason);
        row.Save(session);
        return true;
    }

    /// <summary>What is left of a team's lots; a lot of which nothing is left is not among them.</summary>
    public static List<Lot> Of(DatabaseSession session, Guid team) => session.Query(
        "SELECT id, kind, amount, remains, expires FROM lots WHERE team = $team AND remains > 0",
        row => new Lot(Guid.ParseExact(row.GetString(0), "N"), Words.Lot(row.GetString(1)), row.GetInt64(2), row.GetInt64(3), row.IsDBNull(4) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4))),
        ("$team", team.ToString("N")));

    private static string Source(LotKind kind) => kind switch
    {
        LotKind.Purchase => OperatorAccounts.Cash,
        LotKind.Adjustment => OperatorAccounts.Adjustments,
        _ => OperatorAccounts.Grants,
    };
}
