using System.Diagnostics;
using System.Globalization;
using Milliways.Fuzz;

// ./fuzz [--seed N] [--minutes N] [--case N]: runs cases until the time is over or one fails; --case runs that one alone.
ulong seed = 1;
double minutes = 5;
long? only = null;
for (var i = 0; i + 1 < args.Length; i += 2)
    switch (args[i])
    {
        case "--seed":
            seed = ulong.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        case "--minutes":
            minutes = double.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        case "--case":
            only = long.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        default:
            Console.Error.WriteLine("usage: ./fuzz [--seed N] [--minutes N] [--case N]");
            return 2;
    }

var (fuzzer, began, ran) = (new Fuzzer(seed), Stopwatch.GetTimestamp(), 0L);
var failed = 0;
for (var number = only ?? 0; ; number++, ran++)
{
    if (fuzzer.Run(number) is { } wrong)
    {
        Console.WriteLine(wrong);
        if (++failed == 5)
            break;
    }
    if (only is not null || Stopwatch.GetElapsedTime(began).TotalMinutes >= minutes)
        break;
}
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {ran} cases in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s, {failed} failed"));
return failed == 0 ? 0 : 1;
