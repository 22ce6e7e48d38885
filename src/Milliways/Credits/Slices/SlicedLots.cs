using Milliways.Credits.Accounts;
using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>Several processes spend from a database: an account begins with nothing and gets slices of its team's money as it needs them.</summary>
/// <param name="epoch">The epoch of now.</param>
/// <param name="welcome">Gives a team what it is due before its account is opened.</param>
internal sealed class SlicedLots(Func<long> epoch, Action<DatabaseSession, Guid, DateTimeOffset> welcome) : ILotSource
{
    public Account Open(DatabaseSession session, Guid team, DateTimeOffset now)
    {
        welcome(session, team, now);
        var account = new Account(team, allowance: 0, epoch());
        if (session.Query("SELECT 1 FROM lots WHERE team = $team LIMIT 1", row => row.GetInt32(0), ("$team", team.ToString("N"))).Count > 0)
            account.HadCredit();
        Refresh(session, account);
        return account;
    }

    /// <summary>Which bounds of spending there are. New credit is found when an account runs short.</summary>
    public void Refresh(DatabaseSession session, Account account)
    {
        var (number, limits) = MonthBook.NumberedLimits(session, account.Team);
        lock (account.Gate)
            account.Spending.SetLimits(limits, number);
    }
}
