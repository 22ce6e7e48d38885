using Milliways.Limits.Counting;

namespace Milliways.Limits.Sharing;

/// <summary>
/// This server's part of all limits of one team. Requests that fit into what is here are let in at once; the others wait for one transaction that decides
/// about all of them (<see cref="Plan"/>, <see cref="Apply"/>), of which there is one at a time.
/// </summary>
/// <param name="id">The team.</param>
/// <param name="epoch">The server's epoch of now.</param>
/// <param name="serial">A number that no other row of the epoch has.</param>
internal sealed class TeamShares(Guid id, ShareClock clock, Func<long> epoch, Func<long> serial)
{
    private const int MostWaiting = 1024;

    /// <summary>How many of them one transaction decides about.</summary>
    private const int MostAtOnce = 256;

    /// <summary>After a failure nobody who only has something to tell tries again for so long, in milliseconds.</summary>
    private const int Pause = 250;

    private readonly Lock _one = new();
    private readonly Dictionary<ScopeName, SharedScope> _scopes = [];
    private readonly Queue<ShareWaiter> _waiting = new();
    private int _servers = 1;
    private long _pausedUntil = long.MinValue;
    private bool _isDirty;
    private bool _isBusy;
    private bool _isGone;

    /// <summary>Whoever runs transactions, or has; set by who began.</summary>
    public Task Running { get; set; } = Task.CompletedTask;

    /// <summary>Lets a request in with what is here, refuses it by what is known, or says that it has to wait.</summary>
    /// <returns>Null when this state was forgotten meanwhile: another one has taken its place.</returns>
    public ShareEntry? TryEnter(Span<ShareHold> held, in TokenBound tokens, out LimitHit hit, out LimitStanding standing)
    {
        (hit, standing) = (default, default);
        lock (_one)
        {
            if (_isGone)
                return null;
            var now = clock.Now;
            var isHere = true;
            foreach (ref var one in held)
            {
                one.Scope = Find(one.Asked.Name);
                one.Scope.Use(one.Asked.Limits);
                one.Tokens = one.Scope.Reservation(tokens);
                isHere &= Check(one, now, ref hit);
            }
            if (hit.Wait == 0 && !isHere)
                return ShareEntry.Wait;
            foreach (ref var one in held)
            {
                if (hit.Wait == 0)
                    Take(ref one, now);
                standing = one.Scope!.Standing(standing, now);
            }
            return hit.Wait == 0 ? ShareEntry.Admitted : ShareEntry.Refused;
        }
    }

    /// <summary>Puts a request behind those that wait.</summary>
    /// <returns>False: there are too many, or this state was forgotten.</returns>
    public bool Enqueue(ShareWaiter waiter)
    {
        lock (_one)
        {
            if (_isGone || _waiting.Count >= MostWaiting)
                return false;
            _waiting.Enqueue(waiter);
            return true;
        }
    }

    /// <summary>The caller does not wait any longer.</summary>
    public void Abandon(ShareWaiter waiter)
    {
        lock (_one)
            if (waiter.IsAdmitted)
                Return(waiter.Held);
            else
                waiter.IsAbandoned = true;
    }

    /// <summary>True for one caller, who then runs transactions until <see cref="Plan"/> has none.</summary>
    public bool TryBegin()
    {
        lock (_one)
            return !_isBusy && HasWork(clock.Now) && (_isBusy = true);
    }

    /// <summary>Notes what is to be told after a while; called again and again.</summary>
    public void Tick()
    {
        lock (_one)
        {
            var now = clock.Now;
            foreach (var scope in _scopes.Values)
            {
                _isDirty |= scope.Slots.IsOutdated(epoch(), now);
                foreach (var window in scope.Windows)
                    _isDirty |= window is not null && (window.IsToBeTold(now) || window.IsDue(now));
            }
        }
    }

    /// <summary>At the server's end: what was to be told after a while is told now.</summary>
    public void TellAll()
    {
        lock (_one)
            _isDirty |= _scopes.Values.Any(static scope => scope.Windows.ToArray().Any(static window => window is { Outdated.Count: > 0 }));
    }

    /// <summary>The next transaction; null: there is nothing to do, and somebody else may begin.</summary>
    public SharePlan? Plan()
    {
        lock (_one)
        {
            var now = clock.Now;
            if (!HasWork(now))
            {
                _isBusy = false;
                return null;
            }
            var waiters = new List<ShareWaiter>();
            while (waiters.Count < MostAtOnce && _waiting.TryDequeue(out var waiter))
                if (!waiter.IsAbandoned)
                    waiters.Add(waiter);
            var plan = Planner.Plan(new SharePlan(id, epoch(), now), _scopes.Values, waiters, _servers);
            _isDirty = false; // what is outdated is in the plan
            return plan;
        }
    }

    /// <summary>Takes over what the database has decided.</summary>
    public void Apply(SharePlan plan, ShareOutcome outcome)
    {
        lock (_one)
        {
            var now = clock.Now;
            _servers = outcome.Servers;
            _pausedUntil = long.MinValue;
            Planner.Apply(plan, outcome, clock, now);
            for (var i = 0; i < plan.Waiters.Count; i++)
                Tell(plan, outcome, plan.Waiters[i].Waiter, outcome.Waiters[i], now);
            Planner.Confirm(plan, outcome);
        }
    }

    /// <summary>Nothing was decided, or nobody knows what: what was asked for is given back when the database answers again.</summary>
    public void Fail(SharePlan plan)
    {
        lock (_one)
        {
            var now = clock.Now;
            _pausedUntil = now + clock.Of(Pause);
            foreach (var one in plan.Windows)
            {
                one.Row.Until = 0;
                one.Window.Outdate(one.Row);
            }
            foreach (var one in plan.Slots)
                one.Scope.Slots.Lost();
            foreach (var planned in plan.Waiters)
            {
                GiveBack(planned.Waiter.Held, now);
                planned.Waiter.Tell(new ShareAnswer(ShareEntry.Wait, default, default));
            }
            _isDirty = true;
        }
    }

    /// <summary>Takes back an admission that came to nothing, slots included.</summary>
    public void Undo(ReadOnlySpan<ShareHold> held)
    {
        lock (_one)
            Return(held);
    }

    /// <summary>Books the tokens that were really used.</summary>
    public void Correct(ReadOnlySpan<ShareHold> held, long used)
    {
        lock (_one)
        {
            var now = clock.Now;
            foreach (ref readonly var one in held)
                if (one.Bookings[(int)Measure.TokensPerMinute] is { } booking)
                {
                    if (used < one.Tokens)
                        booking.Lower(one.Tokens - used, now);
                    else if (used > one.Tokens)
                        booking.Window.Force(used - one.Tokens);
                }
        }
    }

    /// <summary>Gives the slots back.</summary>
    public void Leave(ReadOnlySpan<ShareHold> held)
    {
        lock (_one)
            foreach (ref readonly var one in held)
                Leave(one.Scope!);
    }

    /// <summary>Forgets idle scopes; true when nothing is left, and then for good.</summary>
    public bool Forget()
    {
        lock (_one)
        {
            if (_isBusy || _waiting.Count > 0)
                return false;
            var now = clock.Now;
            foreach (var (name, scope) in _scopes)
                if (scope.IsIdle(epoch(), now))
                    _scopes.Remove(name);
            return _isGone = _scopes.Count == 0;
        }
    }

    /// <summary>Something has to be told to the database.</summary>
    public void Touch() => _isDirty = true;

    public SharedBooking Book(SharedWindow window) => new(window, epoch(), serial(), clock.Now);

    private bool HasWork(long now) => _waiting.Count > 0 || (_isDirty && now >= _pausedUntil);

    private bool Check(in ShareHold one, long now, ref LimitHit worst)
    {
        var (scope, isHere) = (one.Scope!, true);
        foreach (var window in scope.Windows)
            if (window is { Limit: { } limit } && one.Amount((int)window.Measure) is > 0 and var amount && !window.Has(amount, now))
            {
                isHere = false;
                if (window.WaitFor(amount, now) is > 0 and var wait && wait > worst.Wait)
                    worst = new LimitHit(scope.Kind, window.Measure, window.Used, limit, wait);
            }
        if (scope.Slots is not { Limit: { } slots } || scope.Slots.Has(now))
            return isHere;
        // A slot is free when an exchange ends, which nobody knows beforehand: such a caller is told to come again in a second.
        if (scope.Slots.IsRefused(now) && clock.OfSeconds(1) is var second && second > worst.Wait)
            worst = new LimitHit(scope.Kind, Measure.Concurrent, scope.Slots.Used, slots, second);
        return false;
    }

    private void Take(ref ShareHold one, long now)
    {
        foreach (var window in one.Scope!.Windows)
            if (window is { Limit: not null })
            {
                var amount = one.Amount((int)window.Measure);
                one.Bookings[(int)window.Measure] = window.Take(amount, now);
                window.Pass(amount);
                _isDirty |= window.IsLow(now);
            }
        one.Scope.Slots.Enter();
    }

    private void Tell(SharePlan plan, ShareOutcome outcome, ShareWaiter waiter, in DecidedWaiter decided, long now)
    {
        LimitHit hit = default;
        if (decided.IsAdmitted)
            foreach (ref var one in waiter.Held.AsSpan())
                Planner.Fill(ref one);
        else
        {
            hit = Planner.Explain(plan, decided, clock, now);
            GiveBack(waiter.Held, now);
        }
        LimitStanding standing = default;
        foreach (ref readonly var one in waiter.Held.AsSpan())
            standing = one.Scope!.Standing(standing, now);
        waiter.Tell(new ShareAnswer(decided.IsAdmitted ? ShareEntry.Admitted : ShareEntry.Refused, hit, standing));
        if (waiter.IsAbandoned && decided.IsAdmitted)
            Return(waiter.Held);
    }

    /// <summary>What somebody who waited had taken of what was here.</summary>
    private void GiveBack(ReadOnlySpan<ShareHold> held, long now)
    {
        foreach (ref readonly var one in held)
        {
            for (var i = 0; i < Measures.Windows; i++)
                if (one.Bookings[i] is { } booking && one.Amount(i) - one.Missing[i] is > 0 and var taken)
                    booking.Lower(taken, now);
            if (!one.IsSlotMissing)
                Leave(one.Scope!);
        }
    }

    private void Return(ReadOnlySpan<ShareHold> held)
    {
        var now = clock.Now;
        foreach (ref readonly var one in held)
        {
            for (var i = 0; i < Measures.Windows; i++)
                if (one.Bookings[i] is { } booking && one.Amount(i) is > 0 and var amount)
                    booking.Lower(amount, now);
            Leave(one.Scope!);
        }
    }

    private void Leave(SharedScope scope)
    {
        scope.Slots.Leave();
        _isDirty |= scope.Slots.IsOutdated(epoch(), clock.Now);
    }

    private SharedScope Find(ScopeName name)
    {
        if (!_scopes.TryGetValue(name, out var scope))
            _scopes.Add(name, scope = new SharedScope(name, this, clock));
        return scope;
    }
}
