using Milliways.Credits.Slices;

namespace Milliways.Credits.Accounts;

/// <summary>Where credit comes from; the words of the statement and of the books.</summary>
internal enum LotKind { Grant, Bonus, Purchase, Adjustment }

/// <summary>
/// Credit that came in at one time and ends at one time. What is spent is taken from the lots that end first. An account's numbers here are this process's
/// share of the lot (<see cref="ILotSource"/>): all of it, or what was given to it.
/// </summary>
internal sealed class Lot(Guid id, LotKind kind, long amount, long left, DateTimeOffset? expires) : IPart
{
    public Guid Id => id;

    public LotKind Kind => kind;

    /// <summary>What it was, in ticks.</summary>
    public long Amount => amount;

    /// <summary>Null: never.</summary>
    public DateTimeOffset? Expires => expires;

    /// <summary>What of it is not spent, in ticks, holds included.</summary>
    public long Left { get; private set; } = left;

    /// <summary>What of that is set aside.</summary>
    public long Held { get; private set; }

    public long Free => Left - Held;

    public bool IsOver(DateTimeOffset now) => expires <= now;

    /// <summary>Sets aside, or gives back when negative.</summary>
    public void Hold(long ticks)
    {
        Held = checked(Held + ticks);
        if (Held < 0 || Held > Left)
            throw new InvalidOperationException($"A lot of {Left} ticks cannot hold {Held}.");
    }

    public void Change(long ticks)
    {
        Left = checked(Left + ticks);
        if (Held > Left)
            throw new InvalidOperationException($"A lot that holds {Held} ticks cannot have {Left}.");
    }

    /// <summary>Takes what was set aside and is spent now.</summary>
    public void Spend(long held, long spent)
    {
        if (spent < 0 || spent > held || held > Held)
            throw new InvalidOperationException($"Of {Held} held ticks of a lot {held} cannot give {spent}.");
        (Held, Left) = (Held - held, Left - spent);
    }
}

/// <summary>The order of spending: what ends first goes first, what never ends last; then the older one.</summary>
internal sealed class SpendingOrder : IComparer<Lot>
{
    public static SpendingOrder Instance { get; } = new();

    public int Compare(Lot? x, Lot? y)
    {
        var byEnd = (x!.Expires ?? DateTimeOffset.MaxValue).CompareTo(y!.Expires ?? DateTimeOffset.MaxValue);
        return byEnd != 0 ? byEnd : x.Id.CompareTo(y.Id); // version 7: the earlier is the smaller
    }
}
