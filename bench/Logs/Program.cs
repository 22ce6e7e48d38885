using System.Diagnostics;
using System.Globalization;
using Milliways.Bench.Logs;
using Milliways.Logs;
using Milliways.Storage;

// One JSON object a line: ingest through the real store, then filtered pages of what is there. Milliways.Bench.Logs [ENTRIES [ROUNDS]]; MILLIWAYS_BENCH_DATABASE=postgres://... measures there.
var entries = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 40;
var folder = Directory.CreateTempSubdirectory("milliways-bench-").FullName;
try
{
    await using var database = LogDatabase.Open(DatabaseAddress.Parse(Environment.GetEnvironmentVariable("MILLIWAYS_BENCH_DATABASE"), folder));
    var (store, reader, made) = (new LogStore(database, TimeProvider.System), new LogReader(database), new Made(entries));
    var policy = new LogPolicy(Collect: true, Payloads: false);
    var (began, last) = (Stopwatch.GetTimestamp(), Stopwatch.GetTimestamp());
    using var self = Process.GetCurrentProcess();
    var before = self.TotalProcessorTime;
    const int Batch = 500;
    for (var at = 0; at < entries; at += Batch)
    {
        await store.WriteAsync([.. Enumerable.Range(at, Math.Min(Batch, entries - at)).Select(i => (made.Entry(i), (LogPayload?)null, policy))]);
        if ((at + Batch) % (entries / 10) < Batch)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"entries":{{at + Batch}},"perSecond":{{entries / 10 / Stopwatch.GetElapsedTime(last).TotalSeconds:0}}}"""));
            last = Stopwatch.GetTimestamp();
        }
    }
    self.Refresh();
    var cpu = (self.TotalProcessorTime - before).TotalMicroseconds / entries;
    var files = Directory.GetFiles(folder).Sum(file => new FileInfo(file).Length);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $$"""{"ingested":{{entries}},"perSecond":{{entries / Stopwatch.GetElapsedTime(began).TotalSeconds:0}},"cpuMicrosecondsAnEntry":{{cpu:0.#}},"bytesAnEntry":{{files / entries}}}"""));
    foreach (var (name, filters) in made.Questions())
        Console.WriteLine(await AskAsync(reader, made, name, filters, rounds));
    var steps = new List<double>();
    for (var left = entries; left > entries - 10_000; left -= LogStore.Step)
    {
        began = Stopwatch.GetTimestamp();
        await store.DeleteBeyondAsync(left - LogStore.Step);
        await store.GiveBackAsync();
        steps.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }
    steps.Sort();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"deleteStepMs":{{steps[steps.Count / 2]:0.#}},"slowestMs":{{steps[^1]:0.#}}}"""));
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static async Task<string> AskAsync(LogReader reader, Made made, string name, FilterText[] filters, int rounds)
{
    var (times, rows) = (new List<double>(), 0);
    for (var i = 0; i < rounds; i++)
    {
        var began = Stopwatch.GetTimestamp();
        rows = (await reader.ListAsync(new LogQuery(made.Large, [.. filters.Select(LogFilter.Read)]))).Count;
        times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }
    times.Sort();
    return string.Create(CultureInfo.InvariantCulture, $$"""{"page":"{{name}}","rows":{{rows}},"medianMs":{{times[rounds / 2]:0.#}},"p95Ms":{{times[rounds * 95 / 100]:0.#}}}""");
}
