namespace Milliways.Keys;

/// <summary>When a key was used last, to the minute: requests write it without a lock, <see cref="KeyUseWriter"/> brings it to the database now and then.</summary>
internal sealed class KeyUse
{
    private const long Minute = 60_000;

    private long _last;
    private long _written;

    /// <summary>Unix milliseconds of the minute; 0: never.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>True when there is something to write.</summary>
    public bool IsNew => Last > Volatile.Read(ref _written);

    public void Touch(DateTimeOffset now)
    {
        var minute = now.ToUnixTimeMilliseconds() / Minute * Minute;
        if (minute > Volatile.Read(ref _last))
            Volatile.Write(ref _last, minute);
    }

    /// <summary>What the database has.</summary>
    public void Stored(long last)
    {
        Volatile.Write(ref _written, Math.Max(Volatile.Read(ref _written), last));
        if (last > Last)
            Volatile.Write(ref _last, last);
    }
}
