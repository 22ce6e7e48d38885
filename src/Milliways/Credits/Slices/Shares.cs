using Milliways.Credits.Accounts;

namespace Milliways.Credits.Slices;

/// <summary>
/// Everything that an account was given in its epoch, who waits for more, and what is on its way back. A plain state machine under the account's gate:
/// <see cref="Slicing"/> carries what it decides to the database and back, and so does a simulation.
/// </summary>
internal sealed class Shares(Account account)
{
    /// <summary>What nobody has used for so long goes back.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);

    /// <summary>For how long after another server has wanted it nothing stays here that is not needed.</summary>
    private static readonly TimeSpan Wanted = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Share> _all = new(StringComparer.Ordinal);
    private bool _isLow;
    private DateTimeOffset _used;
    private DateTimeOffset _wantedUntil;

    /// <summary>In the order in which they came.</summary>
    public List<SliceWaiter> Waiters { get; } = [];

    /// <summary>Somebody is taking more for those who wait.</summary>
    public bool IsTaking { get; set; }

    /// <summary>The database is being asked for what is missing beside what is here: meanwhile that stays.</summary>
    public bool IsAsking { get; set; }

    public bool IsReturning { get; set; }

    /// <summary>Until when the database may have given something that nobody has heard of; null: it has not.</summary>
    public DateTimeOffset? UnsureUntil { get; set; }

    /// <summary>When it is asked for that next.</summary>
    public DateTimeOffset InquireAt { get; set; }

    /// <summary>When others were asked for what they have, in vain.</summary>
    public DateTimeOffset? InVainAt { get; set; }

    /// <summary>Completed when something is free again; set by whoever waits for that.</summary>
    public TaskCompletionSource? Freed { get; set; }

    /// <summary>Something goes back of which the database does not know yet.</summary>
    public bool IsOnItsWay => _all.Values.Any(share => share.Returned > share.Written);

    /// <summary>What others could need more: it goes back as soon as it is free.</summary>
    public bool IsLow(DateTimeOffset now) => _isLow || now < _wantedUntil;

    /// <summary>Whether bounds of spending refuse, by what was given of them.</summary>
    public HoldRefusal? Refuses(Payer payer, long ticks)
    {
        if (account.Spending.Limit.Hard is not null && Bound(Resources.Team).Free < ticks)
            return HoldRefusal.TeamLimit;
        if (payer.KeyBudget is not null && Bound(Resources.Key(payer.Key)).Free < ticks)
            return HoldRefusal.KeyBudget;
        if (payer.Gateway is { } gateway && account.Spending.LimitOf(gateway).Hard is not null && Bound(Resources.Gateway(gateway)).Free < ticks)
            return HoldRefusal.GatewayLimit;
        return null;
    }

    public void Hold(AccountHold hold, Payer payer, long ticks, DateTimeOffset now)
    {
        _used = now;
        var more = new BoundDraws(
            account.Spending.Limit.Hard is null ? 0 : ticks, payer.KeyBudget is null ? 0 : ticks, payer.Gateway is { } gateway && account.Spending.LimitOf(gateway).Hard is not null ? ticks : 0);
        hold.Bounds = hold.Bounds.Plus(more);
        Each(payer, more, static (part, held) => part.Hold(held));
    }

    public void Close(AccountHold hold)
    {
        if (hold.Payer is { } payer)
            Each(payer, hold.Bounds, static (part, held) => part.Hold(-held));
    }

    public void Spend(AccountHold hold, Posting posting)
    {
        if (hold.Payer is { } payer)
            Each(payer, posting.Bounds, static (part, spent) => part.Spend(spent));
    }

    /// <summary>Takes over what the database has given.</summary>
    public void Take(SliceAnswer answer)
    {
        _isLow = answer is { IsLow: true, Servers: > 1 };
        account.Spending.SetLimits(answer.Limits, answer.Changes);
        if (answer.HasHadCredit)
            account.HadCredit();
        foreach (var grant in answer.Grants)
        {
            if (!_all.TryGetValue(grant.Resource, out var share))
                share = _all[grant.Resource] = new Share(grant.Resource, PartOf(grant));
            if (share.Give(grant.Given) && share.Part is Lot lot)
                account.Return(lot);
        }
    }

    /// <summary>Another server needs what lies idle here.</summary>
    public void Want(DateTimeOffset now) => _wantedUntil = now + Wanted;

    /// <summary>Takes out of use what goes back now, and says all that the database is not known to have.</summary>
    /// <param name="now">The time.</param>
    /// <param name="all">Whether it is needed or not.</param>
    public List<(string Resource, long Returned)> TakeOut(DateTimeOffset now, bool all = false)
    {
        all |= IsLow(now) || now - _used >= Idle;
        foreach (var share in _all.Values)
            if (!IsAsking && (all || share.Part is Lot lot && lot.IsOver(now)))
                share.Return();
        return [.. _all.Values.Where(share => share.Returned > share.Written).OrderBy(share => share.Resource, StringComparer.Ordinal).Select(share => (share.Resource, share.Returned))];
    }

    /// <summary>The database has it.</summary>
    public void HasWritten(IEnumerable<(string Resource, long Returned)> shares)
    {
        foreach (var (resource, returned) in shares)
            _all[resource].HasWritten(returned);
    }

    /// <summary>Gives those who wait what they wait for, as far as there is any, first come first.</summary>
    public void Serve(DateTimeOffset now) => Waiters.RemoveAll(waiter => waiter.TryServe(account, now));

    /// <summary>What the database is to be asked for; null when nobody waits.</summary>
    public SliceRequest? Request(DateTimeOffset now)
    {
        if (Waiters.Count == 0)
            return null;
        List<SliceNeed> needs = [new(Resources.Credits, account.Available(now), [.. Waiters.Select(waiter => waiter.Ticks)])];
        var payers = Waiters.Where(waiter => waiter.Hold.Payer is not null).Select(waiter => (Payer: waiter.Hold.Payer!, waiter.Ticks)).ToList();
        if (account.Spending.Limit.Hard is not null)
            needs.Add(Need(Resources.Team, payers.Select(one => one.Ticks)));
        foreach (var key in payers.Where(one => one.Payer.KeyBudget is not null).GroupBy(one => one.Payer.Key))
            needs.Add(Need(Resources.Key(key.Key), key.Select(one => one.Ticks)) with { Budget = key.Last().Payer.KeyBudget });
        foreach (var gateway in payers.Where(one => one.Payer.Gateway is { } name && account.Spending.LimitOf(name).Hard is not null).GroupBy(one => one.Payer.Gateway!, StringComparer.Ordinal))
            needs.Add(Need(Resources.Gateway(gateway.Key), gateway.Select(one => one.Ticks)));
        return new SliceRequest(account.Team, account.Epoch, needs);
    }

    /// <summary>Asks for nothing, and so hears all that was given.</summary>
    public SliceRequest Inquiry => new(account.Team, account.Epoch, []);

    private SliceNeed Need(string resource, IEnumerable<long> ticks) => new(resource, Bound(resource).Free, [.. ticks]);

    private IPart PartOf(SliceGrant grant) => grant switch
    {
        { Lot: { } lot } => lot,
        { Resource: Resources.Allowance } => new AllowancePart(account),
        _ => new BoundPart(),
    };

    private BoundPart Bound(string resource)
    {
        if (!_all.TryGetValue(resource, out var share))
            share = _all[resource] = new Share(resource, new BoundPart());
        return (BoundPart)share.Part;
    }

    private void Each(Payer payer, in BoundDraws ticks, Action<BoundPart, long> change)
    {
        if (ticks.Team != 0)
            change(Bound(Resources.Team), ticks.Team);
        if (ticks.Key != 0)
            change(Bound(Resources.Key(payer.Key)), ticks.Key);
        if (ticks.Gateway != 0 && payer.Gateway is { } gateway)
            change(Bound(Resources.Gateway(gateway)), ticks.Gateway);
    }
}
