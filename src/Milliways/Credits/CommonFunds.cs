using Milliways.Credits.Accounts;
using Milliways.Credits.Slices;
using Milliways.Storage;

namespace Milliways.Credits;

/// <summary>Several servers share the money in a database: what is told and changed here is what the database has, whoever of them is asked.</summary>
/// <param name="ledger">Of this server; null: a command beside the servers.</param>
/// <param name="catchUp">Brings what this server has made durable into the books.</param>
internal sealed class CommonFunds(LedgerDatabase database, Ledger? ledger, Func<CancellationToken, Task> catchUp, Func<long> postpaid, TimeProvider time) : IFunds
{
    /// <summary>How long somebody who reads waits for the books to have what is durable.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Accounts are opened when they are asked for: there is no epoch yet.</summary>
    public void Open(DatabaseSession session, IReadOnlyList<Guid> teams)
    {
    }

    public async Task<CreditsShown> ShowAsync(Guid team, CancellationToken cancel)
    {
        await CatchUpAsync(cancel);
        var now = time.GetUtcNow();
        return await database.RunAsync(session => session.Transact(() =>
        {
            var book = TeamBook.Take(session, team, postpaid());
            var limit = MonthBook.Limits(session, team).Find(one => one.Gateway.Length == 0).Limit;
            return new CreditsShown(
                team.ToString("N"), book.Row.Balance, book.OutCredits, book.FreeCredits(now), book.Row.Owed, book.Allowance, Money.Format(book.Row.Balance), [.. book.Lots.Select(GrantShown.Of)])
            {
                SpentTicks = MonthBook.Spent(session, book.Row, Resources.Team, now), SoftLimitTicks = limit.Soft, HardLimitTicks = limit.Hard,
            };
        }));
    }

    public async Task<long> HeldAsync(Guid team, CancellationToken cancel) => await database.RunAsync(session => session.Transact(() => TeamBook.Take(session, team, postpaid()).OutCredits));

    /// <summary>
    /// Whoever has some that lies idle gives it back, so that bounds that were lowered are kept: by this server at once, by the others soon. What came in is
    /// found by the next who runs short.
    /// </summary>
    public async Task ChangedAsync(Guid team)
    {
        await database.RunAsync(session => session.Transact(() =>
        {
            CommonMoney.Sweep(session, team, time.GetUtcNow());
            SliceBook.Want(session, team);
            return true;
        }));
        await LearnAsync(team);
    }

    public async Task TakeAwayAsync(Guid team, long ticks, string reason)
    {
        try
        {
            await database.RunAsync(session => session.Transact(() =>
            {
                CommonMoney.TakeAway(session, team, ticks, reason, time.GetUtcNow());
                SliceBook.Want(session, team); // what the team owes now is paid with what comes back
                return true;
            }));
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away))
        {
            throw new LedgerUnavailableException("The credit was not taken away.", away);
        }
        await LearnAsync(team);
    }

    public async Task<IReadOnlyList<HoldShown>> HoldsAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var known = await database.ReadAsync(HoldBoard.Read);
        // Of its own this server knows better than the table.
        var own = ledger?.OpenHolds() ?? [];
        var epochs = own.Select(hold => hold.Epoch).ToHashSet();
        return
        [
            .. known.Where(one => !epochs.Contains(one.Hold.Epoch)).Concat(own.Select(hold => (Hold: hold, Replica: HoldBoard.Here))).Select(one => new HoldShown(
                one.Hold.RequestId, one.Hold.Team.ToString("N"), one.Hold.Key.ToString("D"), one.Hold.Ticks, Math.Max(0, (now - one.Hold.Since).TotalSeconds), one.Replica)),
        ];
    }

    public async Task SweepAsync()
    {
        foreach (var team in await database.ReadAsync(session => CommonMoney.Due(session, time.GetUtcNow())))
            await database.RunAsync(session => CommonMoney.Sweep(session, team, time.GetUtcNow()));
    }

    public IReadOnlyList<string> Problems() => [.. (ledger?.AllAccounts ?? []).SelectMany(AccountCheck.Problems)];

    /// <summary>This server goes by what it has changed from now on.</summary>
    private async Task LearnAsync(Guid team)
    {
        try
        {
            await (ledger?.RefreshAsync(team) ?? Task.CompletedTask);
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away))
        {
            // It is changed all the same, and this server hears of it as the others do.
        }
    }

    private async Task CatchUpAsync(CancellationToken cancel)
    {
        try
        {
            await catchUp(cancel).WaitAsync(Patience, time, cancel);
        }
        catch (TimeoutException late)
        {
            throw new DatabaseAwayException("The database is away, and charges wait in the journal: try again when it is back.", late);
        }
    }
}
