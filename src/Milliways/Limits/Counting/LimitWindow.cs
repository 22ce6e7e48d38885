namespace Milliways.Limits.Counting;

/// <summary>One limit of one scope: the window, and how much of it this process may fill.</summary>
/// <param name="measure">What is counted.</param>
/// <param name="length">Of the window, in units of the clock's timestamps.</param>
internal sealed class LimitWindow(Measure measure, long length)
{
    /// <summary>Limits up to this many are kept booking by booking; above it bookings share entries.</summary>
    public const long ExactUpTo = 4096;

    /// <summary>A large limit's grains in a window: it holds back at most what one of them holds.</summary>
    public const long Grains = 1024;

    /// <summary>No wait helps: it is more than the whole limit.</summary>
    public const long Never = long.MaxValue;

    private readonly SlidingWindow _past = new(length);

    public Measure Measure => measure;

    /// <summary>Null while the limit is switched off: what was booked before stays until it leaves.</summary>
    public LimitShare? Share { get; set; }

    public long Used => _past.Used;

    public bool IsEmpty => _past.IsEmpty;

    public void PassTo(long now) => _past.PassTo(now);

    /// <summary>How long until this much more would fit; 0 when it fits now.</summary>
    public long WaitFor(long amount, long now)
    {
        var here = Share!.Here;
        if (amount > here)
            return Never;
        var excess = _past.Used + amount - here;
        return excess <= 0 || amount == 0 ? 0 : _past.UntilLeft(now, excess);
    }

    public void Book(long now, long amount)
    {
        if (amount > 0)
            _past.Add(now, amount, Share is { Here: <= ExactUpTo } ? 0 : length / Grains);
    }

    public void Lower(long bookedAt, long amount) => _past.Lower(bookedAt, amount);

    public WindowStanding Standing(long now) => new(Share!.Whole, Math.Max(0, Share.Here - _past.Used), _past.UntilEmpty(now));
}

/// <summary>What answers tell of a limit.</summary>
/// <param name="Limit">0: nothing is limited.</param>
/// <param name="Remaining">What would be let in at this moment.</param>
/// <param name="Reset">Until all of it is free again, in units of the clock's timestamps.</param>
internal readonly record struct WindowStanding(long Limit, long Remaining, long Reset)
{
    /// <summary>The tighter of two: what is nearer to a refusal, and of two alike the one that takes longer.</summary>
    public WindowStanding Tighter(WindowStanding other) =>
        Limit == 0 || (other.Limit > 0 && (other.Remaining < Remaining || (other.Remaining == Remaining && other.Reset > Reset))) ? other : this;
}
