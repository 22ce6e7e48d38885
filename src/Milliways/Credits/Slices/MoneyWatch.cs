using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>Hears of bounds of spending that were changed, and of teams of whose money another server has too little.</summary>
internal sealed class MoneyWatch(LedgerDatabase database, Bookkeeping books) : IRefreshed
{
    private readonly Dictionary<Guid, long> _seen = [];
    private bool _hasLooked;

    public IReadOnlyList<string> Concerns => [Topics.Money];

    public void Refresh()
    {
        if (books.Slicing is not { } slicing)
            return;
        var wanted = database.Query("SELECT team, number FROM wanted", row => (Team: Guid.ParseExact(row.GetString(0), "N"), Number: row.GetInt64(1))).ToDictionary(one => one.Team, one => one.Number);
        foreach (var account in books.Ledger.Accounts)
        {
            var (changes, limits) = database.Run(session => MonthBook.NumberedLimits(session, account.Team));
            lock (account.Gate)
                account.Spending.SetLimits(limits, changes);
            if (_hasLooked && wanted.TryGetValue(account.Team, out var number) && (!_seen.TryGetValue(account.Team, out var seen) || seen != number))
                slicing.Want(account);
        }
        foreach (var (team, number) in wanted)
            _seen[team] = number;
        _hasLooked = true; // what was wanted before this server looked, it did not have; who still waits says so again
    }
}
