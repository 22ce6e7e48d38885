using Milliways.Limits.Counting;

namespace Milliways.Limits.Sharing;

/// <summary>This server's part of one window: the row that it books in, what it last heard of the rest, and how much more than the need it asks for.</summary>
internal sealed class SharedWindow(SharedScope scope, Measure measure, ShareClock clock)
{
    /// <summary>For how long a refusal is believed without asking again, in milliseconds.</summary>
    private const int Believed = 250;

    private readonly Pace _pace = new(clock, measure == Measure.RequestsPerSecond ? 40 : 200);
    private readonly List<SharedBooking> _outdated = [];
    private long _free;
    private long _emptyAt;
    private bool _isLarge;
    private Refusal _refusal;

    public SharedScope Scope => scope;

    /// <summary>Changes with the limit.</summary>
    public int Version { get; private set; }

    public Measure Measure => measure;

    public long Seconds { get; } = Measures.Seconds(measure);

    /// <summary>Null while it is switched off: what was booked stays until it leaves.</summary>
    public long? Limit { get; private set; }

    /// <summary>What is let in now is booked here.</summary>
    public SharedBooking? Current { get; private set; }

    public IReadOnlyList<SharedBooking> Outdated => _outdated;

    /// <summary>How much more than the need is to be here.</summary>
    public long Target { get; private set; }

    /// <summary>How long that may be used after it was asked for, in seconds.</summary>
    public long LeaseSeconds => Math.Min(Seconds, ShareClock.LeaseSeconds);

    /// <summary>Nothing has to be told to the database.</summary>
    public bool IsIdle => Current is null or { ValidUntil: 0 } && _outdated.Count == 0;

    /// <summary>What was used since the last transaction, and what lies idle, is told to the database after a while though nobody waits.</summary>
    public bool IsDue(long now) => Current is { ValidUntil: > 0 } && _pace.IsOver(now);

    /// <summary>What came back of a large limit is told as often as what was used of it, and with whatever else is told: nobody lacks it so soon.</summary>
    public bool IsToBeTold(long now) => _outdated.Count > 0 && (!_isLarge || _pace.IsOver(now));

    /// <summary>Less than half of what was meant to be here is left.</summary>
    public bool IsLow(long now) => Target > 0 && (Current is null || Current.Spare(now) * 2 < Target);

    public long Used => Limit is { } limit ? Math.Max(0, limit - _free) : 0;

    public void Use(long? limit)
    {
        if (Limit == limit)
            return;
        // What was taken under a higher limit may be more than the lower one has room for.
        if (limit is null || limit < Limit)
            Close();
        Version++;
        (_free, Limit, _refusal) = (Limit is { } before ? _free + (limit ?? 0) - before : limit ?? 0, limit, default);
    }

    public bool Has(long amount, long now) => amount == 0 || (Current is { } open && open.Spare(now) >= amount);

    /// <summary>Of what is here already; the caller has made sure that it is, or will have it covered.</summary>
    public SharedBooking? Take(long amount, long now)
    {
        if (amount == 0)
            return null;
        Current!.Used += amount;
        _emptyAt = now + clock.OfSeconds(Seconds);
        return Current;
    }

    /// <summary>Counts towards the pace at which more is asked for.</summary>
    public void Pass(long amount) => _pace.Count(amount);

    /// <summary>Counts what was used beyond what was reserved, whether there is room or not.</summary>
    public void Force(long amount)
    {
        Current ??= scope.Book(this);
        Current.Used += amount;
        Current.Until = 0;
        Outdate(Current);
    }

    /// <summary>What was given back of a closed row is free for others when the database knows.</summary>
    public void Return(SharedBooking booking) => Outdate(booking, waits: _isLarge);

    /// <param name="booking">Of which the database has something else.</param>
    /// <param name="waits">It is told after a while: see <see cref="IsToBeTold"/>.</param>
    public void Outdate(SharedBooking booking, bool waits = false)
    {
        _refusal = default;
        if (!booking.IsOutdated)
            _outdated.Add(booking);
        booking.IsOutdated = true;
        if (!waits)
            scope.Touch();
    }

    /// <summary>What is known to keep a request of this size waiting, in the clock's units; 0: nothing.</summary>
    public long WaitFor(long amount, long now) =>
        amount > Limit ? LimitWindow.Never : now < _refusal.Until && amount >= _refusal.Amount ? Math.Max(1, _refusal.Ends - now) : 0;

    public WindowStanding Standing(long now) => new(Limit!.Value, Math.Max(0, _free + (Current?.Spare(now) ?? 0)), Math.Max(0, _emptyAt - now));

    /// <summary>
    /// Begins a transaction: what is spare beyond the need is given up, and the row is closed, with its rest in a new one, unless the limit is large and the row
    /// so young that the two may count as one.
    /// </summary>
    /// <param name="servers">Those that live.</param>
    /// <param name="isWanted">A row is needed for those who wait.</param>
    public void Roll(long now, int servers, bool isWanted)
    {
        var need = _pace.Next(now);
        _isLarge = Limit >= Seconds * ShareClock.SlicedFrom * servers;
        Target = _isLarge ? need : 0;
        if (Current is { } row)
        {
            var spare = Math.Min(row.Spare(now), Target);
            var isYoung = Limit > LimitWindow.ExactUpTo && now - row.Made < clock.OfSeconds(Seconds) / LimitWindow.Grains;
            if (row.Used == 0 ? spare == 0 : !isYoung)
            {
                var until = row.ValidUntil;
                Close();
                Current = spare > 0 ? scope.Book(this) : null;
                if (Current is { } rest)
                    (rest.Covered, rest.ValidUntil) = (spare, until); // the closed row covers it until this one is stored
            }
            else
                row.Covered = row.Used + spare;
        }
        if (isWanted)
            Current ??= scope.Book(this);
    }

    /// <summary>Whether the row may be given more from than those get who wait, after this transaction. If not, then from now on nothing more.</summary>
    public bool StaysOpen(long now)
    {
        if (Current is not { } row)
            return false;
        var opens = row.Spare(now) > 0 || Target > 0;
        if (!opens)
            Close();
        return opens;
    }

    /// <summary>What the database said.</summary>
    /// <param name="free">Of the whole limit, over all servers.</param>
    /// <param name="emptyIn">In the clock's units.</param>
    public void Learn(long free, long emptyIn, long now) => (_free, _emptyAt) = (free, now + emptyIn);

    /// <summary>Is believed until it is over, or for <see cref="Believed"/> milliseconds.</summary>
    public void Refused(long amount, long wait, long now) => _refusal = new Refusal(amount, now + Math.Min(wait, clock.Of(Believed)), now + wait);

    /// <summary>The database has this amount for a row.</summary>
    public void Stored(SharedBooking booking, long amount, long until)
    {
        booking.Until = booking.ValidUntil > 0 || booking.Used > amount ? 0 : until;
        if (booking.ValidUntil == 0 && booking.Used != amount)
            Return(booking); // it has changed since, and whoever did that has said so
        else if (booking.IsOutdated)
        {
            booking.IsOutdated = false;
            _outdated.Remove(booking);
        }
    }

    private void Close()
    {
        if (Current is { ValidUntil: > 0 } open)
        {
            (open.Covered, open.ValidUntil, open.Until) = (open.Used, 0, 0);
            Outdate(open);
        }
    }

    /// <param name="Amount">The least that was refused.</param>
    /// <param name="Until">So long it is believed.</param>
    /// <param name="Ends">Then there would be room.</param>
    private readonly record struct Refusal(long Amount, long Until, long Ends);
}
