using System.Collections.Concurrent;
using Milliways.Credits.Accounts;
using Milliways.Credits.Journal;
using Milliways.Credits.Slices;
using Milliways.Storage;

namespace Milliways.Credits;

/// <summary>
/// The accounts of all teams over one journal. What memory says is what the database says and the journal has beyond it; a restart makes the same again.
/// </summary>
/// <param name="slices">Null: accounts have all of their teams' money; else what was given to this server.</param>
internal sealed class Ledger(
    ChargeJournal journal, Folder folder, ILotSource source, LedgerDatabase database, TimeProvider time, ILedgerEvents events, ISlices? slices = null) : ILedger
{
    private readonly ConcurrentDictionary<Guid, Account> _accounts = new();
    private readonly ConcurrentDictionary<Guid, Lazy<Task<Account>>> _opening = new();

    /// <summary>Accounts of epochs that are over, until what they hold has ended.</summary>
    private readonly ConcurrentDictionary<Account, bool> _left = new();

    public IEnumerable<Account> Accounts => _accounts.Values;

    /// <summary>Those of epochs that are over included, as long as they hold something.</summary>
    public IEnumerable<Account> AllAccounts
    {
        get
        {
            foreach (var account in _left.Keys.Where(IsEmpty))
                _left.TryRemove(account, out _);
            return _accounts.Values.Concat(_left.Keys);
        }
    }

    /// <summary>What running requests hold.</summary>
    public IReadOnlyList<PublishedHold> OpenHolds()
    {
        var open = new List<PublishedHold>();
        foreach (var account in AllAccounts)
            lock (account.Gate)
                foreach (var hold in account.Holds)
                    if (hold.Payer is { } payer)
                        open.Add(new PublishedHold(account.Epoch, hold.RequestId, account.Team, payer.Key, hold.Ticks, hold.Since));
        return open;
    }

    /// <summary>Why no hold is given at the moment; null: holds are given.</summary>
    public string? Unavailable => journal.Trouble is { } trouble ? $"the journal cannot be written ({trouble.Message})"
        : folder.IsAway ? $"the database has been away for more than {Folder.Patience.TotalSeconds:0} s" : null;

    public bool HasHadCredit(Guid team) => _accounts.TryGetValue(team, out var account) && account.HasHadCredit;

    public ValueTask<HoldAnswer> HoldAsync(Payer payer, string requestId, long ticks, CancellationToken cancel) =>
        Usable(payer.Team) is { } account ? Hold(account, payer, requestId, ticks, cancel) : OpenAndHoldAsync(payer, requestId, ticks, cancel);

    public ValueTask<HoldRefusal?> TopUpAsync(Hold hold, long ticks, CancellationToken cancel)
    {
        var mine = (AccountHold)hold;
        if (Unavailable is not null)
            return new ValueTask<HoldRefusal?>(HoldRefusal.Unavailable);
        if (slices is not null && !slices.IsCurrent(mine.Account.Epoch))
            return EnsureAndTopUpAsync(mine, ticks, cancel);
        lock (mine.Account.Gate)
            if (mine.Account.TryHold(mine, ticks, time.GetUtcNow()) is not { } refusal)
                return default;
            else if (slices is null || mine.State != HoldState.Open)
                return new ValueTask<HoldRefusal?>(refusal);
        return AskAsync(mine, ticks, cancel);
    }

    public ValueTask<long> SettleAsync(Hold hold, Charge charge, bool inline = false)
    {
        var mine = (AccountHold)hold;
        Settlement settlement;
        lock (mine.Account.Gate)
        {
            if (mine.State == HoldState.Open)
            {
                mine.Settlement = new Settlement(this, mine, mine.Account.Settle(mine, charge), inline);
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
        if (Usable(team) is { } known)
            return known;
        // One look at the database for all who come at one time, as after an epoch's end.
        var opening = _opening.GetOrAdd(team, static (one, ledger) => new Lazy<Task<Account>>(() => ledger.ReadAsync(one)), this);
        try
        {
            return Take(await opening.Value.WaitAsync(cancel));
        }
        finally
        {
            _opening.TryRemove(new KeyValuePair<Guid, Lazy<Task<Account>>>(team, opening));
        }
    }

    /// <summary>At the start: what <see cref="OpenAsync"/> does, on this thread.</summary>
    public void Open(DatabaseSession session, Guid team) => Take(source.Open(session, team, time.GetUtcNow()));

    /// <summary>Takes over what came into the database since the account was opened: what begins after this is decided by it.</summary>
    public async Task RefreshAsync(Guid team)
    {
        // With slices an account begins with nothing: who opens it later asks the database then.
        if ((slices is null ? await OpenAsync(team, CancellationToken.None) : Usable(team)) is not { } account)
            return;
        await database.RunAsync(session =>
        {
            source.Refresh(session, account);
            return true;
        });
        if (slices is null)
            Sweep(account);
        else
            slices.Want(account);
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
        if (slices is not null)
            slices.Freed(account);
        else
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
        if (slices is not null)
            slices.Freed(hold.Account);
        else if (journal.Trouble is null)
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
        while (!_accounts.TryAdd(opened.Team, opened))
        {
            if (!_accounts.TryGetValue(opened.Team, out var known))
                continue;
            if (known.Epoch >= opened.Epoch)
                return known;
            if (!_accounts.TryUpdate(opened.Team, opened, known))
                continue;
            _left[known] = true; // what it holds is settled all the same, in its epoch
            return opened;
        }
        if (slices is null)
            Sweep(opened);
        return opened;
    }

    private Task<Account> ReadAsync(Guid team) => database.RunAsync(session => source.Open(session, team, time.GetUtcNow()));

    private Account? Usable(Guid team) => _accounts.TryGetValue(team, out var account) && (slices is null || slices.IsCurrent(account.Epoch)) ? account : null;

    private static bool IsEmpty(Account account)
    {
        lock (account.Gate)
            return account.Holds.Count == 0;
    }

    private async ValueTask<HoldAnswer> OpenAndHoldAsync(Payer payer, string requestId, long ticks, CancellationToken cancel)
    {
        try
        {
            if (slices is not null && !await slices.EnsureAsync())
                return new HoldAnswer(null, HoldRefusal.Unavailable);
            var account = await OpenAsync(payer.Team, cancel);
            return slices is not null && !slices.IsCurrent(account.Epoch) ? new HoldAnswer(null, HoldRefusal.Unavailable) : await Hold(account, payer, requestId, ticks, cancel);
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away))
        {
            return new HoldAnswer(null, HoldRefusal.Unavailable);
        }
    }

    private async ValueTask<HoldRefusal?> EnsureAndTopUpAsync(AccountHold hold, long ticks, CancellationToken cancel) =>
        await slices!.EnsureAsync() && slices.IsCurrent(hold.Account.Epoch) ? await TopUpAsync(hold, ticks, cancel) : HoldRefusal.Unavailable;

    private async ValueTask<HoldRefusal?> AskAsync(AccountHold hold, long ticks, CancellationToken cancel) => (await slices!.AskAsync(hold, ticks, cancel)).Refusal;

    private ValueTask<HoldAnswer> Hold(Account account, Payer payer, string requestId, long ticks, CancellationToken cancel)
    {
        if (Unavailable is not null)
            return new ValueTask<HoldAnswer>(new HoldAnswer(null, HoldRefusal.Unavailable));
        AccountHold hold;
        lock (account.Gate)
        {
            var now = time.GetUtcNow();
            hold = account.Open(requestId, payer, now);
            if (account.TryHold(hold, ticks, now) is not { } refusal)
                return new ValueTask<HoldAnswer>(new HoldAnswer(hold, null));
            if (slices is null)
            {
                account.Release(hold);
                return new ValueTask<HoldAnswer>(new HoldAnswer(null, refusal, account.Available(now)));
            }
        }
        return AskForNewAsync(hold, ticks, cancel);
    }

    private async ValueTask<HoldAnswer> AskForNewAsync(AccountHold hold, long ticks, CancellationToken cancel)
    {
        HoldAnswer answer = default;
        try
        {
            return answer = await slices!.AskAsync(hold, ticks, cancel);
        }
        finally
        {
            if (answer.Hold is null)
                GiveBack(hold);
        }
    }
}
