using System.Diagnostics;
using System.Globalization;
using Milliways.Simulation;

// ./simulate [--seeds N] [--seed S] [--steps N] [--only ledger|replicas|limits]: seeds from S on; the exit code is 1 when one fails.
var (seeds, first, steps, only) = (1000, 1, 300, "");
for (var i = 0; i < args.Length; i += 2)
{
    var isNumber = int.TryParse(args.ElementAtOrDefault(i + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number);
    switch (isNumber || args[i] == "--only" ? args[i] : "")
    {
        case "--only" when args.ElementAtOrDefault(i + 1) is "ledger" or "replicas" or "limits":
            only = args[i + 1];
            break;
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
            Console.Error.WriteLine("usage: ./simulate [--seeds N] [--seed S] [--steps N] [--only ledger|replicas|limits]");
            return 2;
    }
}

var (began, failed, totals) = (Stopwatch.GetTimestamp(), 0, new SimulationTotals());
using var database = new SimulatedDatabase();
using var shared = new ShareWorld();
for (var seed = first; seed < first + seeds && failed < 5; seed++)
    try
    {
        if (only is "" or "ledger")
            new LedgerSimulation(seed, database).Run(steps, totals);
        if (only is "" or "replicas")
            new ReplicaSimulation(new Random(seed).Next, $"{seed}-replicas", database.Next()).Run(steps, totals);
        if (only is "" or "limits")
            new LimitSimulation(new Random(seed).Next, shared).Run(steps, totals);
    }
#pragma warning disable CA1031 // Whatever it is, it is what this program looks for.
    catch (Exception wrong)
#pragma warning restore CA1031
    {
        failed++;
        Console.WriteLine($"seed {seed} failed: {wrong.Message}\n{wrong.StackTrace}\n  again: ./simulate --seed {seed} --seeds 1 --steps {steps}");
    }
Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{seeds} seeds in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s: {totals.Charges} charges, {totals.Crashes} crashes, {totals.Faults} failed writes and flushes, {totals.Recoveries} recoveries, {totals.Reclaimed} servers reclaimed, {totals.Late} charges that came too late, {totals.Admitted} requests let in under limits; {failed} failed"));
return failed == 0 ? 0 : 1;
