using Milliways.Credits.Slices;

namespace Milliways.Credits.Accounts;

/// <summary>
/// A team's money as one process may spend it: lots, what is held of them, and what the team owes. It decides and applies, and knows no file, no database and
/// no clock. For one caller at a time (<see cref="Gate"/>).
/// </summary>
/// <remarks>
/// Always: no lot holds more than is left of it, nothing is negative, and the balance is what is left of all lots minus what is owed. A decision
/// (<see cref="Settle"/>, <see cref="Sweep"/>, <see cref="TakeAway"/>) keeps the money held; only <see cref="Apply"/>, when the decision is durable, moves it.
/// </remarks>
internal sealed class Account
{
    private readonly List<Lot> _lots = [];
    private readonly HashSet<Guid> _known = [];
    private readonly HoldList _holds = new();
    private long _owedHeld;
    private long _repaying;

    /// <param name="team">Whose.</param>
    /// <param name="allowance">What the team may owe, in ticks.</param>
    /// <param name="epoch">Not 0: the account has only what was given to the server in this epoch, and what it cannot decide from that is decided in the database.</param>
    public Account(Guid team, long allowance, long epoch = 0)
    {
        (Team, Allowance, Epoch) = (team, allowance, epoch);
        Shares = epoch == 0 ? null : new Shares(this);
    }

    /// <summary>Taken by whoever uses the account.</summary>
    public Lock Gate { get; } = new();

    public Guid Team { get; }

    public long Epoch { get; }

    /// <summary>What was given to it; null: it has the whole.</summary>
    public Shares? Shares { get; }

    /// <summary>What the team may owe, in ticks; of a share, what of that was given to it.</summary>
    public long Allowance { get; set; }

    /// <summary>What the team owes, in ticks; of a share, what it has used of its part of the allowance.</summary>
    public long Owed { get; private set; }

    /// <summary>What could be owed beside what is owed and held.</summary>
    public long FreeAllowance => Math.Max(0, Allowance - Owed - _owedHeld);

    public Spending Spending { get; } = new();

    /// <summary>In the order of spending.</summary>
    public IReadOnlyList<Lot> Lots => _lots;

    public IReadOnlyCollection<AccountHold> Holds => _holds;

    public long Balance => checked(_lots.Sum(lot => lot.Left) - Owed);

    /// <summary>Held by exchanges, in ticks.</summary>
    public long Held => _holds.Where(hold => hold.Payer is not null).Sum(hold => hold.Ticks);

    /// <summary>When the next lot ends of which something is left; null: none does.</summary>
    public DateTimeOffset? NextExpiry => _lots.FirstOrDefault(lot => lot.Free > 0)?.Expires;

    /// <summary>What could be held, in ticks.</summary>
    public long Available(DateTimeOffset now)
    {
        var free = FreeAllowance;
        foreach (var lot in _lots)
            if (!lot.IsOver(now))
                free = checked(free + lot.Free);
        return free;
    }

    /// <summary>Credit came in at some time, whatever is left of it.</summary>
    public bool HasHadCredit { get; private set; }

    /// <summary>At the start: the books know of credit that is used up.</summary>
    public void HadCredit() => HasHadCredit = true;

    /// <summary>Adds a lot; one that the account has had before is not added again.</summary>
    public bool Add(Lot lot)
    {
        if (!_known.Add(lot.Id))
            return false;
        HasHadCredit = true;
        var at = _lots.BinarySearch(lot, SpendingOrder.Instance);
        _lots.Insert(~at, lot);
        return true;
    }

    /// <summary>A lot of which more was given is in the order of spending again.</summary>
    public void Return(Lot lot)
    {
        if (_lots.BinarySearch(lot, SpendingOrder.Instance) is < 0 and var at)
            _lots.Insert(~at, lot);
        HasHadCredit = true;
    }

    /// <summary>At the start: what the books say that the team owes.</summary>
    public void Owe(long ticks) => Owed = ticks;

    /// <summary>A hold with nothing in it yet.</summary>
    public AccountHold Open(string requestId, Payer? payer, DateTimeOffset now)
    {
        var hold = new AccountHold(this, requestId, payer, now);
        _holds.Add(hold);
        return hold;
    }

    /// <summary>Sets more aside for a hold, from what ends first; all of it or nothing. 0 ticks always succeed.</summary>
    public HoldRefusal? TryHold(AccountHold hold, long ticks, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ticks);
        if (ticks == 0)
            return null;
        if (hold.State != HoldState.Open || Available(now) < ticks)
            return HoldRefusal.Credits;
        if (hold.Payer is { } payer)
        {
            if ((Shares is null ? Spending.Refuses(payer, ticks, now) : Shares.Refuses(payer, ticks)) is { } refusal)
                return refusal;
            if (Shares is null)
                Spending.Hold(payer, ticks);
            else
                Shares.Hold(hold, payer, ticks, now);
        }
        Allocate(hold, ticks, now);
        return null;
    }

    /// <summary>Decides from where a charge is paid: from what is held, what ends first first. What goes beyond is the operator's.</summary>
    public Posting Settle(AccountHold hold, Charge charge)
    {
        hold.State = HoldState.Settling;
        var cost = Math.Max(0, charge.Cost);
        var charged = Math.Min(cost, hold.Ticks);
        var draws = hold.Allocations is [var only] ? charged > 0 ? [new Allocation(only.Lot, charged)] : [] : Spread(hold.Allocations, charged);
        hold.Draws = draws;
        return new Posting { Kind = PostingKind.Charge, Team = Team, Time = charge.Time, Draws = Named(draws), Charge = charge, Overrun = cost - charged, Epoch = Epoch, Bounds = hold.Bounds.AtMost(charged) };
    }

    /// <summary>
    /// What has to happen when nobody asks: lots that have ended give what is free of them back to the operator, and free credit pays what is owed. What is
    /// held of an ended lot follows when the hold is gone.
    /// </summary>
    public IReadOnlyList<(AccountHold Hold, Posting Posting)> Sweep(DateTimeOffset now)
    {
        List<(AccountHold, Posting)>? due = null;
        if (Shares is not null)
            return []; // the database does it for all servers
        foreach (var lot in _lots)
            if (lot.Free == 0)
                continue;
            else if (lot.IsOver(now))
                (due ??= []).Add(Decide(PostingKind.Expiry, "", now, [new Allocation(lot, lot.Free)]));
            else if (Owed - _repaying is > 0 and var debt)
            {
                var part = Math.Min(debt, lot.Free);
                _repaying += part;
                (due ??= []).Add(Decide(PostingKind.Repayment, "", now, [new Allocation(lot, part), new Allocation(null, -part)]));
            }
        return due is null ? [] : due;
    }

    /// <summary>Takes credit away, for a reason: what is free, what ends first first; the rest the team owes.</summary>
    public (AccountHold Hold, Posting Posting) TakeAway(long ticks, string reason, DateTimeOffset now)
    {
        var (draws, rest) = (new List<Allocation>(), ticks);
        foreach (var lot in _lots.Where(lot => lot.Free > 0 && !lot.IsOver(now)))
        {
            var part = Math.Min(rest, lot.Free);
            if (part > 0)
                draws.Add(new Allocation(lot, part));
            rest -= part;
        }
        if (rest > 0)
            draws.Add(new Allocation(null, rest));
        return Decide(PostingKind.Adjustment, reason, now, draws);
    }

    /// <summary>What was decided is durable: the money moves.</summary>
    public void Apply(AccountHold hold, Posting posting, DateTimeOffset now)
    {
        for (var i = 0; i < hold.Draws.Count; i++)
            if (hold.Draws[i].Lot is null)
                Owed = checked(Owed + hold.Draws[i].Ticks);
        foreach (var (lot, ticks) in hold.Allocations)
            if (lot is not null)
                lot.Spend(ticks, DrawnFrom(lot, hold.Draws));
            else if (hold.Payer is not null)
                _owedHeld -= ticks;
        Close(hold);
        Shares?.Spend(hold, posting);
        if (Shares is null && hold.Payer is { } payer)
            Spending.Spend(payer.Key, payer.Gateway, posting.Ticks, posting.Time, now);
        _lots.RemoveAll(static lot => lot is { Left: 0, Held: 0 });
    }

    /// <summary>Gives all of it back: nothing was decided, or what was decided is certainly not durable.</summary>
    public void Release(AccountHold hold)
    {
        if (hold.State == HoldState.Closed)
            return;
        foreach (var (lot, ticks) in hold.Allocations)
            if (lot is not null)
                lot.Hold(-ticks);
            else if (hold.Payer is not null)
                _owedHeld -= ticks;
        Close(hold);
    }

    private void Allocate(AccountHold hold, long ticks, DateTimeOffset now)
    {
        foreach (var lot in _lots)
            if (!lot.IsOver(now) && Math.Min(ticks, lot.Free) is > 0 and var part)
            {
                hold.Take(lot, part);
                ticks -= part;
            }
        if (ticks == 0)
            return;
        hold.Take(null, ticks);
        _owedHeld = checked(_owedHeld + ticks);
    }

    private (AccountHold, Posting) Decide(PostingKind kind, string reason, DateTimeOffset now, IReadOnlyList<Allocation> draws)
    {
        var hold = Open("", payer: null, now);
        foreach (var (lot, ticks) in draws)
            if (lot is not null)
                hold.Take(lot, ticks);
        (hold.State, hold.Draws) = (HoldState.Settling, draws);
        return (hold, new Posting { Kind = kind, Team = Team, Time = now, Draws = Named(draws), Reason = reason });
    }

    private void Close(AccountHold hold)
    {
        hold.State = HoldState.Closed;
        _holds.Remove(hold);
        Shares?.Close(hold);
        if (Shares is null && hold.Payer is { } payer)
            Spending.Hold(payer, -hold.Ticks);
        else if (hold.Draws.FirstOrDefault(draw => draw is { Lot: null, Ticks: < 0 }) is { Ticks: < 0 } repaid)
            _repaying += repaid.Ticks;
    }

    /// <summary>What ends first pays first, and what is owed last.</summary>
    private static Allocation[] Spread(List<Allocation> allocations, long charged)
    {
        var (draws, rest) = (new List<Allocation>(allocations.Count), charged);
        foreach (var (lot, ticks) in allocations.OrderBy(allocation => allocation.Lot is null).ThenBy(allocation => allocation.Lot, SpendingOrder.Instance!))
        {
            if (rest == 0)
                break;
            var part = Math.Min(rest, ticks);
            draws.Add(new Allocation(lot, part));
            rest -= part;
        }
        return [.. draws];
    }

    private static long DrawnFrom(Lot lot, IReadOnlyList<Allocation> draws)
    {
        var drawn = 0L;
        for (var i = 0; i < draws.Count; i++)
            if (draws[i].Lot == lot)
                drawn = checked(drawn + draws[i].Ticks);
        return drawn;
    }

    private static Draw[] Named(IReadOnlyList<Allocation> draws)
    {
        var named = new Draw[draws.Count];
        for (var i = 0; i < named.Length; i++)
            named[i] = new Draw(draws[i].Lot?.Id ?? Guid.Empty, draws[i].Ticks);
        return named;
    }
}
