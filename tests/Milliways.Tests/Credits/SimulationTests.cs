using Milliways.Simulation;
using Milliways.Tests.Support;

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

    [Fact]
    public void Servers_that_share_a_teams_money_never_give_out_a_tick_twice_lose_none_and_double_no_charge_whatever_breaks_and_when()
    {
        using var database = new SimulatedDatabase();
        var totals = new SimulationTotals();
        for (var seed = 1; seed <= 60; seed++)
            try
            {
                new ReplicaSimulation(new Random(seed).Next, $"{seed}", database.Next()).Run(steps: 300, totals);
            }
            catch (InvalidOperationException wrong)
            {
                Assert.Fail($"./simulate --seed {seed} --seeds 1: {wrong.Message}");
            }
        Assert.True(totals is { Charges: > 300, Crashes: > 50, Reclaimed: > 50, Late: > 5 }, $"the simulation does not do much any more: {totals.Charges}, {totals.Crashes}, {totals.Reclaimed}, {totals.Late}");
    }

    [Fact]
    public void Any_interleaving_of_take_give_back_hold_charge_fold_and_reclaim_keeps_the_invariants()
    {
        using var database = new SimulatedDatabase();
        var run = 0;
        Dice.Check(dice => new ReplicaSimulation(dice.Upto, $"dice-{++run}", database.Next()).Run(steps: 60, new SimulationTotals()), tests: 60);
    }
}
