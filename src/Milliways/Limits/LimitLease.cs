using Milliways.Exchanges;
using Milliways.Limits.Counting;

namespace Milliways.Limits;

/// <summary>
/// What an exchange holds of limits. When it ends its tokens are corrected to what was really used, or, when another gate refused it after all, everything
/// is taken back; its slots are free when its upstream is closed.
/// </summary>
internal sealed class LimitLease(Exchange exchange, TeamLimits team, HeldLimit[] held, long at) : ILease
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

    /// <summary>Tokens that were really used; null where nobody knows, and what was reserved stays booked.</summary>
    private long? Used(in Outcome outcome)
    {
        if (outcome.Source != UsageSource.None)
            return outcome.Usage.Total;
        var hasFailed = outcome is { Failure: not null, Ending: not Ending.ClientGone } && !exchange.Http.Response.HasStarted;
        return hasFailed || !exchange.HasAsked ? 0 : null;
    }
}
