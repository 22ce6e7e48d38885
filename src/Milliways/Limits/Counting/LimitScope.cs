namespace Milliways.Limits.Counting;

/// <summary>Who is counted together.</summary>
internal enum ScopeKind { Team, Key, Model, Gateway }

/// <summary>One of a team's scopes: the team itself, a key by its id, a model or a gateway by its name.</summary>
internal readonly record struct ScopeName(ScopeKind Kind, Guid Id, string Name)
{
    public static ScopeName Team { get; } = new(ScopeKind.Team, Guid.Empty, "");

    public static ScopeName Key(Guid id) => new(ScopeKind.Key, id, "");

    public static ScopeName Model(string name) => new(ScopeKind.Model, Guid.Empty, name);

    public static ScopeName Gateway(string name) => new(ScopeKind.Gateway, Guid.Empty, name);
}

/// <summary>A scope with the limits that are in effect for it at this moment.</summary>
internal readonly record struct ScopedLimits(ScopeName Name, LimitSet Limits);

/// <summary>The state of one scope: its windows and its running exchanges. Everything happens under the lock of its team.</summary>
/// <param name="name">Whose state it is.</param>
/// <param name="second">In units of the clock's timestamps.</param>
internal sealed class LimitScope(ScopeName name, long second)
{
    private readonly LimitWindow?[] _windows = new LimitWindow?[Measures.Windows];
    private LimitShare? _slots;
    private LimitSet? _limits;

    public ScopeName Name => name;

    /// <summary>Exchanges that are running.</summary>
    public int Open { get; private set; }

    /// <summary>Nothing is remembered that a new state would not know.</summary>
    public bool IsIdle => Open == 0 && Array.TrueForAll(_windows, window => window is null or { IsEmpty: true });

    /// <summary>Takes the numbers in effect; what was counted stays.</summary>
    public void Use(LimitSet limits)
    {
        if (ReferenceEquals(_limits, limits))
            return;
        _limits = limits;
        for (var i = 0; i < _windows.Length; i++)
        {
            var share = Share(Measures.Of(limits, (Measure)i), _windows[i]?.Share);
            if (share is not null)
                _windows[i] ??= new LimitWindow((Measure)i, Measures.Seconds((Measure)i) * second);
            if (_windows[i] is { } window)
                window.Share = share;
        }
        _slots = Share(limits.Concurrent, _slots);
    }

    public void PassTo(long now)
    {
        foreach (var window in _windows)
            window?.PassTo(now);
    }

    /// <summary>
    /// The tokens that a request reserves here: its bound, or all of a limit that its prompt fits into and its bound does not, so that a caller which allows
    /// a very long answer is served when the window is empty.
    /// </summary>
    public long Reservation(in TokenBound tokens) =>
        Tokens is not { Share: { } share } ? 0 : tokens.Prompt > share.Here ? tokens.Prompt : Math.Min(tokens.Prompt + tokens.Output, share.Here);

    /// <summary>Replaces what keeps a request waiting when something here does so for longer.</summary>
    public void Check(long now, long tokens, ref LimitHit worst)
    {
        foreach (var window in _windows)
            if (window is { Share: not null } && window.WaitFor(Amount(window, tokens), now) is > 0 and var wait && wait > worst.Wait)
                worst = new LimitHit(name.Kind, window.Measure, window.Used, window.Share.Whole, wait);
        // A slot is free when an exchange ends, which nobody knows beforehand: such a caller is told to come again in a second.
        if (_slots is { } slots && Open >= slots.Here && second > worst.Wait)
            worst = new LimitHit(name.Kind, Measure.Concurrent, Open, slots.Whole, second);
    }

    /// <returns>The windows that it was booked in.</returns>
    public int Take(long now, long tokens)
    {
        var booked = 0;
        foreach (var window in _windows)
            if (window is { Share: not null })
            {
                window.Book(now, Amount(window, tokens));
                booked |= 1 << (int)window.Measure;
            }
        Open++;
        return booked;
    }

    /// <summary>As if it had never been let in; its slot is left for <see cref="Leave"/>.</summary>
    public void Undo(long at, long tokens, int booked)
    {
        foreach (var window in _windows)
            if (window is not null && (booked & (1 << (int)window.Measure)) != 0)
                window.Lower(at, Amount(window, tokens));
    }

    /// <summary>Books what was really used instead of what was reserved: less at the moment of the reservation, more at this one.</summary>
    public void Correct(long now, long at, long reserved, long used, int booked)
    {
        if (Tokens is not { } tokens || (booked & (1 << (int)Measure.TokensPerMinute)) == 0)
            return;
        if (used < reserved)
            tokens.Lower(at, reserved - used);
        else
            tokens.Book(now, used - reserved);
    }

    public void Leave() => Open--;

    public LimitStanding Standing(LimitStanding standing, long now)
    {
        foreach (var window in _windows)
            if (window is { Share: not null })
                standing = window.Measure == Measure.TokensPerMinute
                    ? standing with { Tokens = standing.Tokens.Tighter(window.Standing(now)) }
                    : standing with { Requests = standing.Requests.Tighter(window.Standing(now)) };
        return standing;
    }

    private LimitWindow? Tokens => _windows[(int)Measure.TokensPerMinute];

    private static long Amount(LimitWindow window, long tokens) => window.Measure == Measure.TokensPerMinute ? tokens : 1;

    private static LimitShare? Share(long? limit, LimitShare? before) => limit is not { } whole ? null : before?.Whole == whole ? before : new LimitShare(whole);
}

/// <summary>The most tokens that a request may use.</summary>
internal readonly record struct TokenBound(long Prompt, long Output);

/// <summary>The limit that keeps a request waiting longest.</summary>
/// <param name="Used">What was counted when it was refused.</param>
/// <param name="Wait">In units of the clock's timestamps; <see cref="LimitWindow.Never"/>: it is more than the limit.</param>
internal readonly record struct LimitHit(ScopeKind Scope, Measure Measure, long Used, long Limit, long Wait);

/// <summary>The tightest limits of requests and of tokens.</summary>
internal readonly record struct LimitStanding(WindowStanding Requests, WindowStanding Tokens);
