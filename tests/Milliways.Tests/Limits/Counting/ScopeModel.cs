using Milliways.Limits;
using Milliways.Limits.Counting;

namespace Milliways.Tests.Limits.Counting;

/// <summary>A scope by brute force: what the state machines have to agree with.</summary>
internal sealed class ScopeModel(ScopeName name, LimitSet limits)
{
    private readonly (Measure Measure, ReferenceWindow Window)[] _windows =
        [.. new[] { Measure.RequestsPerSecond, Measure.RequestsPerMinute, Measure.RequestsPerHour, Measure.TokensPerMinute }
            .Where(measure => Measures.Of(limits, measure) is not null)
            .Select(measure => (measure, new ReferenceWindow(Measures.Seconds(measure) * TimeSpan.TicksPerSecond)))];

    private int _open;
    private bool _wasCorrectedUp;

    public ScopeName Name => name;

    public LimitSet Limits => limits;

    public bool Fits(long now, TokenBound tokens) =>
        (limits.Concurrent is not { } slots || _open < slots)
        && Array.TrueForAll(_windows, one => one.Window.Used(now) + Amount(one.Measure, Reserved(tokens)) is var sum && (sum <= Measures.Of(limits, one.Measure) || Amount(one.Measure, Reserved(tokens)) == 0));

    public void Take(long now, TokenBound tokens)
    {
        _open++;
        foreach (var (measure, window) in _windows)
            window.Book(now, Amount(measure, Reserved(tokens)));
    }

    public void Undo(long at, long tokens)
    {
        _open--;
        foreach (var (measure, window) in _windows)
            window.Lower(at, Amount(measure, tokens));
    }

    public void Correct(long at, long reserved, long used, long now)
    {
        _open--;
        foreach (var (measure, window) in _windows)
            if (measure == Measure.TokensPerMinute && used < reserved)
                window.Lower(at, reserved - used);
            else if (measure == Measure.TokensPerMinute)
            {
                window.Book(now, used - reserved);
                _wasCorrectedUp |= used > reserved;
            }
    }

    /// <summary>No window held more than its limit, unless an upstream used more than was asked for.</summary>
    public void CheckWindows()
    {
        foreach (var (measure, window) in _windows)
            if (measure != Measure.TokensPerMinute || !_wasCorrectedUp)
                Assert.True(window.Fullest() <= Measures.Of(limits, measure), $"{measure}: {window.Fullest()} of {Measures.Of(limits, measure)}");
    }

    private long Reserved(TokenBound tokens) =>
        limits.TokensPerMinute is not { } limit ? 0 : tokens.Prompt > limit ? tokens.Prompt : Math.Min(tokens.Prompt + tokens.Output, limit);

    private static long Amount(Measure measure, long tokens) => measure == Measure.TokensPerMinute ? tokens : 1;
}
