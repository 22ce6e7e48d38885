using System.Runtime.CompilerServices;
using Milliways.Limits.Counting;

namespace Milliways.Limits.Sharing;

/// <summary>What one request holds of one scope, or waits for.</summary>
internal struct ShareHold
{
    public ScopedLimits Asked;
    public SharedScope? Scope;

    /// <summary>Reserved here.</summary>
    public long Tokens;

    /// <summary>Where it is booked, in the order of <see cref="Measure"/>.</summary>
    public EachWindow<SharedBooking?> Bookings;

    /// <summary>While it waits: what the database has to give.</summary>
    public EachWindow<long> Missing;

    /// <summary>While it waits: the database has to give a slot.</summary>
    public bool IsSlotMissing;

    public readonly long Amount(int window) => window == (int)Measure.TokensPerMinute ? Tokens : 1;
}

/// <summary>One for each window of a scope.</summary>
[InlineArray(Measures.Windows)]
internal struct EachWindow<T>
{
    private T _first;
}

internal enum ShareEntry
{
    /// <summary>It has all that it needs.</summary>
    Admitted,

    /// <summary>It is known that there is no room.</summary>
    Refused,

    /// <summary>The database must be asked.</summary>
    Wait,
}

/// <summary>What became of a request that waited for the database.</summary>
/// <param name="Entry"><see cref="ShareEntry.Wait"/>: the database could not be asked.</param>
/// <param name="Hit">Why it was refused.</param>
internal readonly record struct ShareAnswer(ShareEntry Entry, LimitHit Hit, LimitStanding Standing);

/// <summary>A request that waits for the database.</summary>
internal sealed class ShareWaiter(ShareHold[] held)
{
    private readonly TaskCompletionSource<ShareAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ShareHold[] Held => held;

    /// <summary>Nobody waits any more: what it gets is taken back.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>It was let in.</summary>
    public bool IsAdmitted { get; private set; }

    public Task<ShareAnswer> Answer => _answer.Task;

    public void Tell(in ShareAnswer answer)
    {
        IsAdmitted = answer.Entry == ShareEntry.Admitted;
        _answer.TrySetResult(answer);
    }
}
