namespace Milliways.Routing.Health;

/// <summary>Good and bad outcomes of the last while, in ten slots that are reused in turn. Not safe from several threads.</summary>
internal sealed class OutcomeWindow(TimeSpan window)
{
    private const int Slots = 10;

    private readonly (long Slot, int Good, int Bad)[] _slots = new (long, int, int)[Slots];
    private readonly long _slotTicks = Math.Max(1, window.Ticks / Slots);

    public void Add(TimeSpan now, bool good)
    {
        var slot = now.Ticks / _slotTicks;
        ref var counts = ref _slots[slot % Slots];
        if (counts.Slot != slot)
            counts = (slot, 0, 0);
        if (good)
            counts.Good++;
        else
            counts.Bad++;
    }

    public (int Good, int Bad) Count(TimeSpan now)
    {
        var oldest = now.Ticks / _slotTicks - Slots + 1;
        var (good, bad) = (0, 0);
        foreach (var counts in _slots)
            if (counts.Slot >= oldest)
                (good, bad) = (good + counts.Good, bad + counts.Bad);
        return (good, bad);
    }

    public void Clear() => Array.Clear(_slots);
}
