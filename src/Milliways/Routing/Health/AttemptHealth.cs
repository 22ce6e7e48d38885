using Milliways.Upstreams;

namespace Milliways.Routing.Health;

/// <summary>What is known of one upstream and model from the answers it gave: whether to try it, and how soon it begins to answer.</summary>
internal sealed class AttemptHealth(BreakerSettings? settings, TimeProvider time, Action<BreakerState>? changed = null)
{
    private readonly Latency _streams = new(time);
    private readonly Latency _wholes = new(time);

    public BreakerSettings? Settings => settings;

    public Breaker Breaker { get; } = new(settings, time, changed);

    /// <summary>Streams and whole answers are measured apart: a whole answer comes when all of it is written.</summary>
    public Latency Latency(bool isStream) => isStream ? _streams : _wholes;
}
