namespace Milliways.Routing.Retries;

/// <summary>How the delay grows from try to try.</summary>
internal enum DelayGrowth { Constant, Linear, Exponential }

/// <summary>How hard a step is tried when the caller or its gateway says so (cloudflare 3.3).</summary>
/// <param name="Attempts">Tries in all; null: as the route says.</param>
/// <param name="Delay">Before the second try.</param>
/// <param name="Growth">Of the delays behind it.</param>
/// <param name="FirstPart">How long a try may take until the first part of its answer is there; null: as its upstream's time-outs say.</param>
internal sealed record TryRules(int? Attempts, TimeSpan Delay, DelayGrowth Growth, TimeSpan? FirstPart)
{
    /// <summary>Constant d, linear d*n, exponential d*2^(n-1).</summary>
    /// <param name="failures">Tries that have failed, from 1.</param>
    public TimeSpan After(int failures) => Growth switch
    {
        DelayGrowth.Linear => Delay * failures,
        DelayGrowth.Exponential => Delay * Math.Pow(2, failures - 1),
        _ => Delay,
    };
}
