using System.Diagnostics;
using System.Globalization;
using Milliways.Simulation;

// ./simulate [--seeds N] [--seed S] [--steps N]: seeds from S on; the exit code is 1 when one fails.
var (seeds, first, steps) = (1000, 1, 300);
for (var i = 0; i < args.Length; i += 2)
{
    var isNumber = int.TryParse(args.ElementAtOrDefault(i + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number);
    switch (isNumber ? args[i] : "")
    {
        case "--seeds":
            seeds = number;
            break;
        case "--seed":
            first = number;
            break;
        case "--steps":
            steps = number;
            break;
        default:
            Console.Error.WriteLine("usage: ./simulate [--seeds N] [--seed S] [--steps N]");
            return 2;
    }
}

var (began, failed, totals) = (Stopwatch.GetTimestamp(), 0, new SimulationTotals());
using var world = new SimulatedDatabase();
for (var seed = first; seed < first + seeds && failed < 5; seed++)
    try
    {
        new LedgerSimulation(seed, world).Run(steps, totals);
        new ReplicaSimulation(new Random(seed).Next, $"{seed}-replicas", world.Next()).Run(steps, totals);
    }
#pragma warning disable CA1031 // Whatever it is, it is what this program looks for.
    catch (Exception wrong)
#pragma warning restore CA1031
    {
        failed++;
        Console.WriteLine($"seed {seed} failed: {wrong.Message}\n{wrong.StackTrace}\n  again: ./simulate --seed {seed} --seeds 1 --steps {steps}");
    }
Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{seeds} seeds in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s: {totals.Charges} charges, {totals.Crashes} crashes, {totals.Faults} failed writes and flushes, {totals.Recoveries} recoveries, {totals.Reclaimed} servers reclaimed, {totals.Late} charges that came too late; {failed} failed"));
return failed == 0 ? 0 : 1;
