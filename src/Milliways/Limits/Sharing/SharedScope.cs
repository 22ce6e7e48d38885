using System.Globalization;
using Milliways.Limits.Counting;

namespace Milliways.Limits.Sharing;

/// <summary>This server's part of one scope's limits. Everything happens under the lock of its team.</summary>
internal sealed class SharedScope(ScopeName name, TeamShares team, ShareClock clock)
{
    private readonly SharedWindow?[] _windows = new SharedWindow?[Measures.Windows];
    private LimitSet? _limits;

    public ScopeKind Kind => name.Kind;

    /// <summary>As the database has it.</summary>
    public string Text { get; } = name.Kind switch
    {
        ScopeKind.Team => "team",
        ScopeKind.Key => string.Create(CultureInfo.InvariantCulture, $"key/{name.Id:D}"),
        ScopeKind.Model => "model/" + name.Name,
        _ => "gateway/" + name.Name,
    };

    public SharedSlots Slots { get; } = new(clock);

    /// <summary>In the order of <see cref="Measure"/>; null: never limited so far.</summary>
    public ReadOnlySpan<SharedWindow?> Windows => _windows;

    public bool IsIdle(long epoch, long now) => Slots.Open == 0 && !Slots.IsOutdated(epoch, now) && Array.TrueForAll(_windows, window => window is null or { IsIdle: true });

    public void Use(LimitSet limits)
    {
        if (ReferenceEquals(_limits, limits))
            return;
        _limits = limits;
        for (var i = 0; i < _windows.Length; i++)
        {
            var limit = Measures.Of(limits, (Measure)i);
            if (limit is not null)
                _windows[i] ??= new SharedWindow(this, (Measure)i, clock);
            _windows[i]?.Use(limit);
        }
        Slots.Use(limits.Concurrent);
    }

    /// <summary>As <see cref="LimitScope.Reservation"/>: all of a limit that the prompt fits into and the bound does not.</summary>
    public long Reservation(in TokenBound tokens) => _windows[(int)Measure.TokensPerMinute]?.Limit is not { } limit ? 0
        : tokens.Prompt > limit ? tokens.Prompt
        : Math.Min(tokens.Prompt + tokens.Output, limit);

    public SharedBooking Book(SharedWindow window) => team.Book(window);

    /// <summary>Something of it has to be told to the database.</summary>
    public void Touch() => team.Touch();

    public LimitStanding Standing(LimitStanding standing, long now)
    {
        foreach (var window in _windows)
            if (window is { Limit: not null })
                standing = window.Measure == Measure.TokensPerMinute
                    ? standing with { Tokens = standing.Tokens.Tighter(window.Standing(now)) }
                    : standing with { Requests = standing.Requests.Tighter(window.Standing(now)) };
        return standing;
    }
}
