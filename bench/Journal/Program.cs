using System.Globalization;
using Milliways.Bench.Journal;
using Milliways.Hosting.Configuration;

// One JSON object a line: charges through ledger, journal and books, without HTTP. Milliways.Bench.Journal [SECONDS [CALLERS]]
var seconds = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 5;
var callers = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 256;
foreach (var durability in (Durability[])[Durability.Disk, Durability.Process])
{
    await Charging.RunAsync(durability, callers, seconds / 5); // the runtime's tiers
    Console.WriteLine(await Charging.RunAsync(durability, callers, seconds));
}
