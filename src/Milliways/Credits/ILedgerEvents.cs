namespace Milliways.Credits;

/// <summary>What an operator wants to be told of a ledger, at once. Called on threads that must go on: an implementation queues and returns.</summary>
internal interface ILedgerEvents
{
    /// <summary>An answer cost more than its hold; the operator bears the difference.</summary>
    void Overrun(Charge charge, long ticks);

    /// <summary>A team has spent more in this month than its soft limit; once a month.</summary>
    void SoftLimit(Guid team, long spent, long limit);
}

/// <summary>Tells it the log.</summary>
internal sealed class LedgerLog(ILogger<Ledger> log) : ILedgerEvents
{
    public void Overrun(Charge charge, long ticks) => log.LogWarning(
        "Request {Request} of {Upstream} cost {Dollars} dollars beyond what was held; the operator bears it", charge.RequestId, charge.Upstream, Money.Format(ticks));

    public void SoftLimit(Guid team, long spent, long limit) => log.LogWarning(
        "Team {Team} has spent {Spent} dollars this month, more than its soft limit of {Limit}", team.ToString("N"), Money.Format(spent), Money.Format(limit));
}
