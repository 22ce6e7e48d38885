namespace Milliways.Limits.Sharing;

/// <summary>
/// One row that this server has in the database for a window. The database counts at least what is used of it, at every moment and for long enough, so no
/// sum over all servers' rows is ever too small. Everything happens under the lock of its team.
/// </summary>
/// <param name="epoch">Of this server when the row was made.</param>
/// <param name="serial">Unique in the epoch.</param>
/// <param name="made">The clock's timestamp: nothing of it was used earlier.</param>
internal sealed class SharedBooking(SharedWindow window, long epoch, long serial, long made)
{
    public long Epoch => epoch;

    public long Serial => serial;

    public long Made => made;

    public SharedWindow Window => window;

    /// <summary>What callers have been given.</summary>
    public long Used { get; set; }

    /// <summary>What callers may be given while it is open; the database counts that much or more.</summary>
    public long Covered { get; set; }

    /// <summary>Up to this timestamp of the clock more may be given, without asking anybody; 0: it is closed.</summary>
    public long ValidUntil { get; set; }

    /// <summary>When it leaves the window, in microseconds of the database's clock; 0: a whole window after it is next stored.</summary>
    public long Until { get; set; }

    /// <summary>What was used has to be told to the database.</summary>
    public bool IsOutdated { get; set; }

    public long Spare(long now) => now < ValidUntil ? Math.Max(0, Covered - Used) : 0;

    /// <summary>Takes back of what was used: it is there for the next one while the row is open, and else when the database knows.</summary>
    public void Lower(long amount, long now)
    {
        Used -= amount;
        if (now < ValidUntil)
            return;
        (Covered, ValidUntil) = (Used, 0);
        window.Return(this);
    }
}
