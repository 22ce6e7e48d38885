using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Limits;

/// <summary>
/// What an exchange holds of limits. When it ends its tokens are corrected to what was really used, or, when another gate refused it after all, everything
/// is taken back; its slots are free when its upstream is closed.
/// </summary>
internal abstract class LimitLease(Exchange exchange, long prompt) : ILease
{
    private int _closed;
    private int _left;

    public void Close(in Outcome outcome)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        if (!outcome.IsAdmitted && Interlocked.Exchange(ref _left, 1) == 0)
            Undo();
        else if (Used(outcome) is { } used)
            Correct(used);
    }

    public void Release()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
            Leave();
    }

    /// <summary>As if it had never been let in.</summary>
    protected abstract void Undo();

    /// <summary>Books the tokens that were really used.</summary>
    protected abstract void Correct(long used);

    /// <summary>Gives the slots back.</summary>
    protected abstract void Leave();

    /// <summary>
    /// Tokens that were really used: what the upstream reports; where it does not, the prompt's estimate and one for three bytes of what was delivered; null
    /// where nobody counted those, and what was reserved stays booked.
    /// </summary>
    private long? Used(in Outcome outcome)
    {
        var meter = exchange.Meter;
        return outcome.Source != UsageSource.None ? outcome.Usage.Total
            : !exchange.HasCommitted ? 0
            : meter.IsIdle ? null
            : prompt + TokenEstimate.OfBytes(meter.TextBytes);
    }
}
