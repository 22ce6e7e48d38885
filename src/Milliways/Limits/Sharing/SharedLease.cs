using Milliways.Exchanges;

namespace Milliways.Limits.Sharing;

/// <summary>What an exchange holds of limits that several servers share.</summary>
internal sealed class SharedLease(Exchange exchange, SharedLimits limits, TeamShares team, ShareHold[] held, long prompt) : LimitLease(exchange, prompt)
{
    protected override void Undo()
    {
        team.Undo(held);
        limits.Go(team);
    }

    protected override void Correct(long used)
    {
        team.Correct(held, used);
        limits.Go(team);
    }

    protected override void Leave()
    {
        team.Leave(held);
        limits.Go(team);
    }
}
