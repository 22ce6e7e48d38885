using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Limits.Counting;

namespace Milliways.Limits;

/// <summary>
/// What an exchange holds of limits. When it ends its tokens are corrected to what was really used, or, when another gate refused it after all, everything
/// is taken back; its slots are free when its upstream is closed.
/// </summary>
internal sealed class LimitLease(Exchange exchange, TeamLimits team, HeldLimit[] held, long at, long prompt) : ILease
{
    private int _closed;
    private int _left;

    public void Close(in Outcome outcome)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        if (!outcome.IsAdmitted && Interlocked.Exchange(ref _left, 1) == 0)
            team.Undo(held, at);
        else if (Used(outcome) is { } used)
            team.Correct(held, at, used);
    }

    public void Release()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
            team.Leave(held);
    }

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
