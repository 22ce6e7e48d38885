namespace Milliways.Upstreams;

/// <summary>When an upstream is avoided (configuration: <c>breaker: {failures, window, open}</c>).</summary>
/// <param name="Failures">So many failures within the window open the breaker, when they came in a row or are at least half of what was tried.</param>
/// <param name="Window">Outcomes older than this do not count.</param>
/// <param name="Open">How long nothing is tried, until one probe may be.</param>
internal sealed record BreakerSettings(int Failures, TimeSpan Window, TimeSpan Open)
{
    public static BreakerSettings Usual { get; } = new(5, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));
}
