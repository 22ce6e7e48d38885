using System.Globalization;
using Milliways.Bench.Relays;

// One JSON object per line: the relay, bytes allocated and nanoseconds per event; then the same of a whole exchange, request and answer.
foreach (var (name, relay, events) in Lanes.All())
{
    Drive.Run(relay(), events, Drive.WarmUp);
    var (bytes, nanoseconds) = Drive.Run(relay(), events, Drive.Measured);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"relay":"{{name}}","bytesPerEvent":{{bytes:0.##}},"nsPerEvent":{{nanoseconds:0}}}"""));
}
foreach (var (name, bytes, nanoseconds) in Wholes.Measure())
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"whole":"{{name}}","bytesPerEvent":{{bytes:0}},"nsPerEvent":{{nanoseconds:0}}}"""));
