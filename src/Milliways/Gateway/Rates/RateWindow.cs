using Milliways.Gateway.Settings;
using Milliways.Limits.Counting;

namespace Milliways.Gateway.Rates;

/// <summary>
/// What a gateway's rate limit has counted (cloudflare 3.2). Fixed: windows that begin at whole intervals of the clock. Sliding: no stretch of an interval's
/// length, wherever it begins, holds more than the limit.
/// </summary>
/// <param name="limit">The limit; another one is another window.</param>
internal sealed class RateWindow(RateLimit limit, TimeProvider time)
{
    private readonly Lock _one = new();
    private readonly SlidingWindow _past = new(limit.Seconds * time.TimestampFrequency);
    private long _window;
    private long _used;

    public RateLimit Limit => limit;

    /// <summary>Counts a request, or says in how many seconds one would fit.</summary>
    /// <param name="at">What to give back with.</param>
    public bool TryEnter(out long at, out int wait)
    {
        lock (_one)
            return limit.Technique == RateTechnique.Fixed ? TryFixed(out at, out wait) : TrySliding(out at, out wait);
    }

    /// <summary>Takes back a request that was refused afterwards.</summary>
    public void GiveBack(long at)
    {
        lock (_one)
            if (limit.Technique == RateTechnique.Sliding)
                _past.Lower(at, 1);
            else if (at == _window)
                _used--;
    }

    private bool TryFixed(out long at, out int wait)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        at = now / limit.Seconds;
        if (at != _window)
            (_window, _used) = (at, 0);
        wait = (int)(((at + 1) * limit.Seconds) - now);
        if (_used >= limit.Requests)
            return false;
        _used++;
        return true;
    }

    private bool TrySliding(out long at, out int wait)
    {
        at = time.GetTimestamp();
        _past.PassTo(at);
        wait = 0;
        if (_past.Used >= limit.Requests)
        {
            wait = Math.Max(1, (int)Math.Ceiling((double)_past.UntilLeft(at, _past.Used + 1 - limit.Requests) / time.TimestampFrequency));
            return false;
        }
        _past.Add(at, 1, limit.Requests <= LimitWindow.ExactUpTo ? 0 : limit.Seconds * time.TimestampFrequency / LimitWindow.Grains);
        return true;
    }
}
