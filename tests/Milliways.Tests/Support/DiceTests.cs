using Xunit.Sdk;

namespace Milliways.Tests.Support;

/// <summary>A property that cannot fail proves nothing.</summary>
public sealed class DiceTests
{
    [Fact]
    public async Task A_claim_that_waits_and_does_not_hold_fails() => await Assert.ThrowsAnyAsync<Exception>(() => Dice.CheckAsync(async dice =>
    {
        await Task.Yield();
        if (dice.Upto(100) > 50)
            throw new XunitException("It does not hold.");
    }));
}
