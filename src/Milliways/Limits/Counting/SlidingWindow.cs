namespace Milliways.Limits.Counting;

/// <summary>
/// What was booked within the last stretch of time, as a ring of entries in order. With a grain of 0 every booking has its own moment and the sum is exact;
/// with a larger one the bookings of a grain share an entry, which leaves when the last of them does: then the sum is never too small, and too large by at
/// most what a grain holds. A booking made at <c>t</c> is in the window up to, and not at, <c>t + length</c>. Not safe for several threads.
/// </summary>
/// <param name="length">In units of the clock's timestamps.</param>
internal sealed class SlidingWindow(long length)
{
    private const int FirstRoom = 8;

    private Entry[] _ring = [];
    private int _head;
    private int _count;

    /// <summary>The sum of what is in the window.</summary>
    public long Used { get; private set; }

    public bool IsEmpty => _count == 0;

    /// <summary>Entries that are kept now.</summary>
    public int Entries => _count;

    /// <summary>Forgets what has left the window; to be called before anything is asked.</summary>
    public void PassTo(long now)
    {
        while (_count > 0 && now - At(0).Last >= length)
        {
            Used -= At(0).Amount;
            DropFirst();
        }
    }

    /// <param name="now">Never earlier than the last one.</param>
    /// <param name="amount">At least 1.</param>
    /// <param name="grain">Bookings at most this far apart may share an entry.</param>
    public void Add(long now, long amount, long grain)
    {
        Used += amount;
        if (_count > 0 && now - At(_count - 1).First <= grain)
        {
            ref var newest = ref At(_count - 1);
            (newest.Last, newest.Amount) = (now, newest.Amount + amount);
            return;
        }
        if (_count == _ring.Length)
            MakeRoom();
        _count++;
        At(_count - 1) = new Entry { First = now, Last = now, Amount = amount };
    }

    /// <summary>Takes back of what was booked at a moment; what has left the window already cannot be lowered.</summary>
    public void Lower(long bookedAt, long amount)
    {
        var (low, high) = (0, _count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (At(middle).Last < bookedAt)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == _count || At(low).First > bookedAt)
            return;
        ref var entry = ref At(low);
        var lowered = Math.Min(amount, entry.Amount);
        entry.Amount -= lowered;
        Used -= lowered;
        while (_count > 0 && At(_count - 1).Amount == 0)
            _count--;
    }

    /// <summary>How long until this much has left, when nothing else comes; at most <see cref="Used"/> can.</summary>
    public long UntilLeft(long now, long amount)
    {
        for (var i = 0; i < _count; i++)
            if ((amount -= At(i).Amount) <= 0)
                return At(i).Last + length - now;
        return 0;
    }

    /// <summary>How long until the window is empty, when nothing else comes.</summary>
    public long UntilEmpty(long now) => _count == 0 ? 0 : At(_count - 1).Last + length - now;

    private ref Entry At(int index) => ref _ring[(_head + index) & (_ring.Length - 1)];

    private void DropFirst()
    {
        _head = (_head + 1) & (_ring.Length - 1);
        _count--;
    }

    /// <summary>Entries that were lowered to nothing make room first, so that what is kept is bounded by what is booked.</summary>
    private void MakeRoom()
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
            if (At(i).Amount > 0)
                At(kept++) = At(i);
        _count = kept;
        if (_count <= _ring.Length / 2 && _ring.Length > 0)
            return;
        var larger = new Entry[Math.Max(FirstRoom, _ring.Length * 2)];
        for (var i = 0; i < _count; i++)
            larger[i] = At(i);
        (_ring, _head) = (larger, 0);
    }

    private struct Entry
    {
        public long First;
        public long Last;
        public long Amount;
    }
}
