namespace Milliways.Limits.Sharing;

/// <summary>How much is used in a second, by what was used from one transaction to the next.</summary>
internal sealed class Pace(ShareClock clock)
{
    /// <summary>Two requests at one moment are no endless pace, in seconds.</summary>
    private const double Least = 0.01;

    private long _since = clock.Now;
    private long _counted;
    private double _pace;

    public void Count(long amount) => _counted += amount;

    public bool IsOver(int milliseconds, long now) => now - _since >= clock.Of(milliseconds);

    /// <summary>A second's use; half of it is what was before.</summary>
    public double Next(long now)
    {
        _pace = (_pace + (_counted / Math.Max(Least, clock.Seconds(now - _since)))) / 2;
        (_since, _counted) = (now, 0);
        return _pace;
    }
}
