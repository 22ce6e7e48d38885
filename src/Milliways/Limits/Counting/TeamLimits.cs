namespace Milliways.Limits.Counting;

/// <summary>What one request holds of one scope.</summary>
internal struct HeldLimit
{
    public ScopedLimits Asked;
    public LimitScope? Scope;

    /// <summary>Reserved here.</summary>
    public long Tokens;

    /// <summary>Windows that it was booked in, one bit for each <see cref="Measure"/>.</summary>
    public int Booked;
}

/// <summary>
/// All limits of one team in this process, under one lock: the limits of a request are of one team, so they are taken together or not at all. No call
/// waits for anything but another's turn of a few hundred nanoseconds, and an admission allocates nothing.
/// </summary>
internal sealed class TeamLimits(TimeProvider time)
{
    private readonly Lock _one = new();
    private readonly Dictionary<ScopeName, LimitScope> _scopes = [];
    private long _now = long.MinValue;
    private bool _isGone;

    /// <summary>Scopes that something is remembered of.</summary>
    public int Scopes
    {
        get
        {
            lock (_one)
                return _scopes.Count;
        }
    }

    /// <summary>Lets a request in under every one of its scopes, or under none.</summary>
    /// <param name="held">The scopes and their limits; what is held of each is noted in it.</param>
    /// <param name="tokens">The most that it may use.</param>
    /// <param name="at">The moment of its admission.</param>
    /// <param name="hit">Why it was refused.</param>
    /// <param name="standing">What is left afterwards.</param>
    /// <returns>Null when this state was forgotten meanwhile: another one has taken its place.</returns>
    public bool? TryEnter(Span<HeldLimit> held, in TokenBound tokens, out long at, out LimitHit hit, out LimitStanding standing)
    {
        (at, hit, standing) = (0, default, default);
        lock (_one)
        {
            if (_isGone)
                return null;
            var now = at = Now();
            foreach (ref var one in held)
            {
                one.Scope = Find(one.Asked.Name);
                one.Scope.Use(one.Asked.Limits);
                one.Scope.PassTo(now);
                one.Tokens = one.Scope.Reservation(tokens);
                one.Scope.Check(now, one.Tokens, ref hit);
            }
            var admitted = hit.Wait == 0;
            foreach (ref var one in held)
            {
                if (admitted)
                    one.Booked = one.Scope!.Take(now, one.Tokens);
                standing = one.Scope!.Standing(standing, now);
            }
            return admitted;
        }
    }

    /// <summary>Takes back an admission that came to nothing, slots included.</summary>
    public void Undo(ReadOnlySpan<HeldLimit> held, long at)
    {
        lock (_one)
            foreach (var one in held)
            {
                one.Scope!.Undo(at, one.Tokens, one.Booked);
                one.Scope.Leave();
            }
    }

    /// <summary>Books the tokens that were really used.</summary>
    public void Correct(ReadOnlySpan<HeldLimit> held, long at, long used)
    {
        lock (_one)
        {
            var now = Now();
            foreach (var one in held)
                one.Scope!.Correct(now, at, one.Tokens, used, one.Booked);
        }
    }

    /// <summary>Gives the slots back.</summary>
    public void Leave(ReadOnlySpan<HeldLimit> held)
    {
        lock (_one)
            foreach (var one in held)
                one.Scope!.Leave();
    }

    /// <summary>Forgets idle scopes; true when nothing is left, and then for good.</summary>
    public bool Forget()
    {
        lock (_one)
        {
            var now = Now();
            foreach (var (name, scope) in _scopes)
            {
                scope.PassTo(now);
                if (scope.IsIdle)
                    _scopes.Remove(name);
            }
            return _isGone = _scopes.Count == 0;
        }
    }

    /// <summary>Clocks of several processors may differ by a little; here time never runs back.</summary>
    private long Now() => _now = Math.Max(_now, time.GetTimestamp());

    private LimitScope Find(ScopeName name)
    {
        if (!_scopes.TryGetValue(name, out var scope))
            _scopes.Add(name, scope = new LimitScope(name, time.TimestampFrequency));
        return scope;
    }
}
