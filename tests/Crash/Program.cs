using System.Diagnostics;
using System.Globalization;
using Milliways.Crash;

// ./crash [--rounds N] [--seed S] [--servers N]: the exit code is 1 when a promise did not hold.
var (rounds, seed, servers) = (100, 1, 3);
for (var i = 0; i < args.Length; i += 2)
{
    var isNumber = int.TryParse(args.ElementAtOrDefault(i + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number);
    switch (isNumber ? args[i] : "")
    {
        case "--rounds":
            rounds = number;
            break;
        case "--seed":
            seed = number;
            break;
        case "--servers":
            servers = number;
            break;
        default:
            Console.Error.WriteLine("usage: ./crash [--rounds N] [--seed S] [--servers N]");
            return 2;
    }
}

var executable = Path.Combine(AppContext.BaseDirectory, "..", "..", "Milliways", "release", "milliways");
var (began, totals, wrong) = (Stopwatch.GetTimestamp(), new CrashTotals(), new List<string>());
await Task.WhenAll(Enumerable.Range(0, servers).Select(async one =>
{
    try
    {
        await new CrashRun(executable, seed + one, totals).RunAsync((rounds / servers) + (one < rounds % servers ? 1 : 0));
    }
    catch (CrashException failed)
    {
        lock (wrong)
            wrong.Add(failed.Message);
    }
}));
foreach (var one in wrong)
    Console.WriteLine(one);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{totals}; in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s; {wrong.Count} failed"));
return wrong.Count == 0 && totals.Rounds == rounds ? 0 : 1;
