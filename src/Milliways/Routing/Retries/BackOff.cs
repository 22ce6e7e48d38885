namespace Milliways.Routing.Retries;

/// <summary>How long to wait before the same upstream is asked again.</summary>
internal static class BackOff
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);

    public static readonly TimeSpan Most = TimeSpan.FromSeconds(8);

    /// <summary>An upstream that asks for more patience than this is not waited for: the caller, who can do something else meanwhile, is told instead.</summary>
    public static readonly TimeSpan MostRetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>0.5 s, 1 s, 2 s, 4 s, then 8 s, each between half and the whole of it, so that callers who failed together do not come back together.</summary>
    /// <param name="failures">Failures of this upstream in this request, from 1.</param>
    /// <param name="fraction">From 0 to 1.</param>
    public static TimeSpan After(int failures, double fraction)
    {
        var most = First * Math.Pow(2, Math.Min(failures - 1, 10));
        if (most > Most)
            most = Most;
        return most * (0.5 + fraction / 2);
    }

    /// <summary>
    /// What the upstream asked for, and up to a tenth more, for the same reason; null when that is too long. A whole second is not shortened: coming too
    /// early is refused again.
    /// </summary>
    public static TimeSpan? RetryAfter(int seconds, double fraction) =>
        TimeSpan.FromSeconds(seconds) is var asked && asked <= MostRetryAfter ? asked * (1 + fraction / 10) : null;
}
