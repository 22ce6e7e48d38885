namespace Milliways.Limits.Counting;

/// <summary>What one limit counts. The windows come first: their values are places in a scope's list.</summary>
internal enum Measure
{
    RequestsPerSecond,
    RequestsPerMinute,
    RequestsPerHour,
    TokensPerMinute,
    Concurrent,
}

internal static class Measures
{
    public const int Windows = 4;

    /// <summary>Seconds of a measure's window.</summary>
    public static long Seconds(Measure measure) => measure switch
    {
        Measure.RequestsPerSecond => 1,
        Measure.RequestsPerHour => 3600,
        _ => 60,
    };

    /// <summary>The number of a set, or null where it does not limit.</summary>
    public static long? Of(LimitSet limits, Measure measure) => measure switch
    {
        Measure.RequestsPerSecond => limits.RequestsPerSecond,
        Measure.RequestsPerMinute => limits.RequestsPerMinute,
        Measure.RequestsPerHour => limits.RequestsPerHour,
        Measure.TokensPerMinute => limits.TokensPerMinute,
        _ => limits.Concurrent,
    };
}
