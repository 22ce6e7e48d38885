using Milliways.Simulation;

namespace Milliways.Tests.Credits;

/// <summary>A few of the seeds of <c>./simulate</c>.</summary>
public sealed class SimulationTests
{
    [Fact]
    public void No_charge_is_lost_or_doubled_and_every_sum_is_right_whatever_breaks_and_when()
    {
        using var database = new SimulatedDatabase();
        var totals = new SimulationTotals();
        for (var seed = 1; seed <= 120; seed++)
            try
            {
                new LedgerSimulation(seed, database).Run(steps: 300, totals);
            }
            catch (InvalidOperationException wrong)
            {
                Assert.Fail($"./simulate --seed {seed} --seeds 1: {wrong.Message}");
            }
        Assert.True(totals is { Charges: > 500, Crashes: > 100, Faults: > 50, Recoveries: > 10 }, "the simulation does not do much any more");
    }
}
