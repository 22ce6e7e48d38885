using Milliways.Exchanges;
using Milliways.Limits.Counting;

namespace Milliways.Limits;

/// <summary>What an exchange holds of limits that this process counts alone.</summary>
internal sealed class LocalLease(Exchange exchange, TeamLimits team, HeldLimit[] held, long at, long prompt) : LimitLease(exchange, prompt)
{
    protected override void Undo() => team.Undo(held, at);

    protected override void Correct(long used) => team.Correct(held, at, used);

    protected override void Leave() => team.Leave(held);
}
