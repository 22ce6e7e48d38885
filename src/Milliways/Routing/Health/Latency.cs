namespace Milliways.Routing.Health;

/// <summary>
/// The time to the first content of one upstream and model, as an exponentially weighted moving average. What has not been measured for a while is
/// unknown again, so that a slow upstream gets another chance.
/// </summary>
internal sealed class Latency(TimeProvider time)
{
    /// <summary>How much the newest measurement counts.</summary>
    private const double Newest = 0.25;

    /// <summary>A measurement is worth nothing after this long.</summary>
    public static readonly TimeSpan Keeps = TimeSpan.FromMinutes(5);

    private readonly Lock _one = new();
    private double? _average;
    private long _measuredAt;

    /// <summary>Null: unknown.</summary>
    public double? Milliseconds
    {
        get
        {
            lock (_one)
                return _average is not null && time.GetElapsedTime(_measuredAt) < Keeps ? _average : null;
        }
    }

    public void Measured(TimeSpan took)
    {
        var measured = Math.Max(0.001, took.TotalMilliseconds); // 0 stands for unknown
        lock (_one)
        {
            var isFresh = _average is not null && time.GetElapsedTime(_measuredAt) < Keeps;
            _average = isFresh ? _average + (measured - _average) * Newest : measured;
            _measuredAt = time.GetTimestamp();
        }
    }
}
