namespace Milliways.Limits.Sharing;

/// <summary>This server's monotonic clock, in whose timestamps everything here is told that is not the database's, and what depends on it.</summary>
internal sealed class ShareClock(TimeProvider time)
{
    /// <summary>How long what a server has taken beyond the need may be used without another word to the database.</summary>
    public const int LeaseSeconds = 8;

    /// <summary>Limits of fewer than so many a second for each living server are decided one by one in the database.</summary>
    public const int SlicedFrom = 20;

    public long Now => time.GetTimestamp();

    public long Of(long milliseconds) => milliseconds * time.TimestampFrequency / 1000;

    public long OfSeconds(long seconds) => seconds * time.TimestampFrequency;

    /// <summary>Rounded up, so that nobody comes too early.</summary>
    public long OfMicroseconds(long microseconds) => (long)((((Int128)microseconds * time.TimestampFrequency) + 999_999) / 1_000_000);

    public double Seconds(long timestamps) => (double)timestamps / time.TimestampFrequency;

    /// <summary>A server counts a tenth less than the database, so that no two clocks' difference matters.</summary>
    public long Lease(long sent, long seconds) => sent + (OfSeconds(seconds) * 9 / 10);
}
