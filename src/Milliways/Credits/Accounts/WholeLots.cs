using Milliways.Credits.Books;
using Milliways.Credits.Slices;
using Milliways.Storage;

namespace Milliways.Credits.Accounts;

/// <summary>All of every lot: one process spends from a database.</summary>
/// <param name="postpaid">What a team without an allowance of its own may owe, in ticks.</param>
/// <param name="welcome">Gives a team what it is due before its account is opened.</param>
internal sealed class WholeLots(Func<long> postpaid, Action<DatabaseSession, Guid, DateTimeOffset> welcome) : ILotSource
{
    public Account Open(DatabaseSession session, Guid team, DateTimeOffset now)
    {
        welcome(session, team, now);
        var account = new Account(team, postpaid());
        foreach (var owed in session.Query("SELECT owed FROM balances WHERE team = $team", row => row.GetInt64(0), ("$team", team.ToString("N"))))
            account.Owe(owed);
        if (session.Query("SELECT 1 FROM lots WHERE team = $team LIMIT 1", row => row.GetInt32(0), ("$team", team.ToString("N"))).Count > 0)
            account.HadCredit();
        foreach (var (key, gateway, ticks) in session.Query(
            "SELECT key_id, gateway, CAST(SUM(charged) AS BIGINT) FROM usage_hours WHERE team = $team AND hour >= $from GROUP BY key_id, gateway",
            row => (Guid.ParseExact(row.GetString(0), "D"), row.GetString(1), row.GetInt64(2)), ("$team", team.ToString("N")), ("$from", MonthBook.Begin(now))))
            account.Spending.Spend(key, gateway.Length == 0 ? null : gateway, ticks, now, now);
        Refresh(session, account);
        return account;
    }

    public void Refresh(DatabaseSession session, Account account)
    {
        var lots = LotBook.Of(session, account.Team);
        var team = ("$team", (object?)account.Team.ToString("N"));
        var own = session.Query("SELECT postpaid FROM balances WHERE team = $team AND postpaid IS NOT NULL", row => row.GetInt64(0), team);
        var limits = MonthBook.Limits(session, account.Team);
        lock (account.Gate)
        {
            foreach (var lot in lots)
                account.Add(lot);
            account.Allowance = own is [var ticks] ? ticks : postpaid();
            account.Spending.SetLimits(limits);
        }
    }
}
