using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>A step before any upstream is called. It may refuse, or hand out a lease that is closed when the exchange ends.</summary>
internal interface IGate
{
    ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel);
}

/// <summary>What a gate says: come in, perhaps with a lease, or a refusal.</summary>
internal readonly record struct Admission(ILease? Lease, Failure? Refusal)
{
    public static Admission Free => default;

    public static Admission Refused(Failure failure) => new(null, failure);
}

/// <summary>Something held for one exchange. Closing is synchronous, idempotent and never throws.</summary>
internal interface ILease
{
    void Close(in Outcome outcome);

    /// <summary>Nothing of the exchange is left: its upstream is closed and its caller has been answered. Called once, after <see cref="Close"/>.</summary>
    void Release()
    {
    }
}
