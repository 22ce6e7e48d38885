namespace Milliways.Tests.Limits.Counting;

/// <summary>What a window should hold, by brute force: every booking with its moment, none ever merged or forgotten.</summary>
internal sealed class ReferenceWindow(long length)
{
    private readonly List<(long At, long Amount)> _bookings = [];

    /// <summary>The sum of the window that ends now.</summary>
    public long Used(long now) => _bookings.Where(booking => now - booking.At < length).Sum(booking => booking.Amount);

    public void Book(long at, long amount) => _bookings.Add((at, amount));

    /// <summary>Takes back of a booking, wherever the window is by now.</summary>
    public void Lower(long at, long amount)
    {
        for (var i = 0; i < _bookings.Count && amount > 0; i++)
            if (_bookings[i].At == at)
            {
                var lowered = Math.Min(amount, _bookings[i].Amount);
                _bookings[i] = (at, _bookings[i].Amount - lowered);
                amount -= lowered;
            }
        Assert.Equal(0, amount);
    }

    /// <summary>The most that any window of the length held, wherever it begins.</summary>
    public long Fullest() => _bookings.Count == 0 ? 0 : _bookings.Max(first => _bookings.Where(booking => booking.At >= first.At && booking.At - first.At < length).Sum(booking => booking.Amount));
}
