using System.Collections.Concurrent;
using Milliways.Credits.Accounts;
using Milliways.Credits.Journal;
using Milliways.Storage;

namespace Milliways.Credits;

/// <summary>
/// The accounts of all teams over one journal. What memory says is what the database says and the journal has beyond it; a restart makes the same again.
/// </summary>
internal sealed class Ledger(ChargeJournal journal, Folder folder, ILotSource source, LedgerDatabase database, TimeProvider time, ILedgerEvents events) : ILedger
{
    private readonly ConcurrentDictionary<Guid, Account> _accounts = new();

    public IEnumerable<Account> Accounts => _accounts.Values;

    /// <summary>Why no hold is given at the moment; null: holds are given.</summary>
    public string? Unavailable => journal.Trouble is { } trouble ? $"the journal cannot be written ({trouble.Message})"
        : folder.IsAway ? $"the database has been away for more than {Folder.Patience.TotalSeconds:0} s" : null;

    public long Available(Guid team)
    {
        if (!_accounts.TryGetValue(team, out var account))
            return 0;
        lock (account.Gate)
            return account.Available(time.GetUtcNow());
    }

    public bool HasHadCredit(Guid team) => _accounts.TryGetValue(team, out var account) && account.HasHadCredit;

    public ValueTask<HoldAnswer> HoldAsync(Payer payer, string requestId, long ticks, CancellationToken cancel) =>
        _accounts.TryGetValue(payer.Team, out var account) ? new ValueTask<HoldAnswer>(Hold(account, payer, requestId, ticks)) : OpenAndHoldAsync(payer, requestId, ticks, cancel);

    public ValueTask<HoldRefusal?> TopUpAsync(Hold hold, long ticks, CancellationToken cancel)
    {
        var mine = (AccountHold)hold;
        if (Unavailable is not null)
            return new ValueTask<HoldRefusal?>(HoldRefusal.Unavailable);
        lock (mine.Account.Gate)
            return new ValueTask<HoldRefusal?>(mine.Account.TryHold(mine, ticks, time.GetUtcNow()));
    }

    public ValueTask<long> SettleAsync(Hold hold, Charge charge)
    {
        var mine = (AccountHold)hold;
        Settlement settlement;
        lock (mine.Account.Gate)
        {
            if (mine.State == HoldState.Open)
            {
                mine.Settlement = new Settlement(this, mine, mine.Account.Settle(mine, charge));
                Write(mine.Settlement);
            }
            if (mine.Settlement is null)
                return new ValueTask<long>(0); // released before: nothing was answered, nothing is charged
            settlement = mine.Settlement;
        }
        return new ValueTask<long>(settlement.Charged);
    }

    public void Release(Hold hold)
    {
        var mine = (AccountHold)hold;
        lock (mine.Account.Gate)
            if (mine.State == HoldState.Open)
                GiveBack(mine);
    }

    /// <summary>The account of a team, from the database when it has not been used yet.</summary>
    public async Task<Account> OpenAsync(Guid team, CancellationToken cancel)
    {
        if (_accounts.TryGetValue(team, out var known))
            return known;
        return Take(await database.RunAsync(session => source.Open(session, team, time.GetUtcNow())).WaitAsync(cancel));
    }

    /// <summary>At the start: what <see cref="OpenAsync"/> does, on this thread.</summary>
    public void Open(DatabaseSession session, Guid team) => Take(source.Open(session, team, time.GetUtcNow()));

    /// <summary>Takes over what came into the database since the account was opened.</summary>
    public async Task RefreshAsync(Guid team)
    {
        var account = await OpenAsync(team, CancellationToken.None);
        await database.RunAsync(session =>
        {
            source.Refresh(session, account);
            return true;
        });
        Sweep(account);
    }

    /// <summary>Takes credit away; see <see cref="Account.TakeAway"/>. Completes when it is durable.</summary>
    /// <exception cref="LedgerUnavailableException">It could not be made durable.</exception>
    public async Task TakeAwayAsync(Guid team, long ticks, string reason)
    {
        var account = await OpenAsync(team, CancellationToken.None);
        Settlement settlement;
        lock (account.Gate)
        {
            var (hold, posting) = account.TakeAway(ticks, reason, time.GetUtcNow());
            settlement = hold.Settlement = new Settlement(this, hold, posting);
            Write(settlement);
        }
        await settlement.Charged;
    }

    /// <summary>Ends grants whose time is over, in all accounts; free credit pays what is owed.</summary>
    public void Sweep()
    {
        foreach (var account in _accounts.Values)
            Sweep(account);
    }

    /// <summary>The decision is durable. Called by the journal, once.</summary>
    public void Apply(Settlement settlement)
    {
        var account = settlement.Hold.Account;
        var now = time.GetUtcNow();
        long? passed = null;
        lock (account.Gate)
        {
            account.Apply(settlement.Hold, settlement.Posting, now);
            if (account.Spending.HasPassedSoft())
                passed = account.Spending.Spent(now);
        }
        Sweep(account);
        if (settlement.Posting is { Overrun: > 0, Charge: { } charge })
            events.Overrun(charge, settlement.Posting.Overrun);
        if (passed is { } spent)
            events.SoftLimit(account.Team, spent, account.Spending.Limit.Soft ?? 0);
    }

    /// <summary>Nothing was decided, or it is certainly not durable.</summary>
    public void GiveBack(AccountHold hold)
    {
        lock (hold.Account.Gate)
            hold.Account.Release(hold);
        if (journal.Trouble is null)
            Sweep(hold.Account);
    }

    private void Sweep(Account account)
    {
        lock (account.Gate)
            foreach (var (hold, posting) in account.Sweep(time.GetUtcNow()))
                Write(hold.Settlement = new Settlement(this, hold, posting));
    }

    /// <summary>Under the account's lock: the journal has an account's postings in the order of its decisions.</summary>
    private void Write(Settlement settlement)
    {
        if (journal.TryAdd(settlement.Posting, settlement))
            return;
        settlement.Failed(journal.Trouble ?? new ObjectDisposedException(nameof(ChargeJournal)));
        settlement.Hold.Account.Release(settlement.Hold);
        settlement.Tell(); // nobody waits yet: whoever does finds it told
    }

    private Account Take(Account opened)
    {
        var account = _accounts.GetOrAdd(opened.Team, opened);
        Sweep(account);
        return account;
    }

    private async ValueTask<HoldAnswer> OpenAndHoldAsync(Payer payer, string requestId, long ticks, CancellationToken cancel)
    {
        try
        {
            return Hold(await OpenAsync(payer.Team, cancel), payer, requestId, ticks);
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away))
        {
            return new HoldAnswer(null, HoldRefusal.Unavailable);
        }
    }

    private HoldAnswer Hold(Account account, in Payer payer, string requestId, long ticks)
    {
        if (Unavailable is not null)
            return new HoldAnswer(null, HoldRefusal.Unavailable);
        lock (account.Gate)
        {
            var now = time.GetUtcNow();
            var hold = account.Open(requestId, payer, now);
            if (account.TryHold(hold, ticks, now) is not { } refusal)
                return new HoldAnswer(hold, null);
            account.Release(hold);
            return new HoldAnswer(null, refusal);
        }
    }
}
