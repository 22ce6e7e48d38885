namespace Milliways.Limits.Sharing;

/// <summary>How much is used in a second, by what was used lately: what is older than the horizon hardly counts, and after a pause nothing of it.</summary>
/// <param name="milliseconds">The horizon: what is asked for beyond the need is to last so long.</param>
internal sealed class Pace(ShareClock clock, int milliseconds)
{
    private readonly double _horizon = milliseconds / 1000.0;
    private long _since = clock.Now;
    private long _counted;
    private double _pace;

    public void Count(long amount) => _counted += amount;

    /// <summary>The last transaction was a horizon ago.</summary>
    public bool IsOver(long now) => now - _since >= clock.Of(milliseconds);

    /// <summary>At a transaction: what will be used within the horizon if it goes on like this.</summary>
    public long Next(long now)
    {
        var elapsed = clock.Seconds(now - _since);
        _pace = elapsed >= _horizon ? _counted / elapsed : (_pace * (1 - (elapsed / _horizon))) + (_counted / _horizon);
        (_since, _counted) = (now, 0);
        return (long)(_pace * _horizon);
    }
}
