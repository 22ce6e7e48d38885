using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Milliways.Crash;

/// <summary>What happened in all rounds.</summary>
internal sealed class CrashTotals
{
    public int Rounds, Asked, Completed, Torn, Failed, Granted, InStart, Stopped, Charges;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Rounds} rounds: {Asked} requests asked, {Completed} completed, {Torn} torn, {Failed} failed; {Charges} charges; {Granted} grants acknowledged; {InStart} starts killed as well, {Stopped} times stopped and resumed");
}

/// <summary>
/// Rounds on one data directory: start (sometimes killed within it, so that what is replayed is replayed again), check everything that the round before left,
/// load, and SIGKILL after a random number of steps: a step is anything that a caller or the upstream sends or gets.
/// </summary>
internal sealed class CrashRun(string executable, int seed, CrashTotals totals)
{
    private const int Callers = 8, MostSteps = 200;

    private readonly Random _random = new(seed);
    private string _key = "";

    /// <exception cref="CrashException">A promise did not hold; it names the round.</exception>
    public async Task RunAsync(int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("mwc-").FullName;
        await using var upstream = await CrashUpstream.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "milliways.json"), $$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "k", "retries": 0, "breaker": null } },
              "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "m" } ], "price": { "input": "5", "output": "15" } } },
              "credits": { "monthlyGrant": null } }
            """);
        var books = new CrashBooks(upstream);
        var (seen, granted, round) = (new List<Seen>(), new List<string>(), 0);
        try
        {
            for (; round < rounds; round++)
                (seen, granted) = await RoundAsync(folder, upstream, books, seen, granted, round);
            using var last = CrashServer.Start(executable, folder);
            await last.ReadyAsync();
            await books.CheckAsync(last, seen, granted);
            Interlocked.Add(ref totals.Charges, books.Charges);
            await last.KillAsync();
        }
        catch (CrashException wrong)
        {
            throw new CrashException($"seed {seed}, round {round}: {wrong.Message} (its data is kept in {folder})");
        }
        Directory.Delete(folder, recursive: true);
    }

    private async Task<(List<Seen> Seen, List<string> Granted)> RoundAsync(string folder, CrashUpstream upstream, CrashBooks books, List<Seen> before, List<string> granted, int round)
    {
        if (round > 0 && _random.Next(8) == 0)
        {
            using var halfway = CrashServer.Start(executable, folder);
            await Task.Delay(_random.Next(50, 500)); // somewhere within a start: nothing tells from outside how far it is
            await halfway.KillAsync();
            Interlocked.Increment(ref totals.InStart);
        }
        using var server = CrashServer.Start(executable, folder);
        await server.ReadyAsync();
        if (round == 0)
        {
            _key = server.Facts["key"]!.GetValue<string>();
            await server.AskAsync("credits grant", Grant("the first", 1_000_000_000_000));
        }
        await books.CheckAsync(server, before, granted);

        var (killAt, stopAt) = (_random.Next(1, MostSteps), _random.Next(4) == 0 ? _random.Next(1, MostSteps / 2) : 0);
        using var steps = new Steps(stopAt, killAt);
        upstream.Step = steps.Next;
        var (seen, given) = (new ConcurrentBag<Seen>(), new ConcurrentBag<string>());
        var load = Enumerable.Range(0, Callers).Select(caller => CallAsync(server.Base, caller, round, seen, steps)).Append(GiveAsync(server, round, given, steps)).ToArray();
        if (stopAt > 0 && stopAt < killAt)
        {
            await steps.Stop;
            await server.StopAsync();
            Interlocked.Increment(ref totals.Stopped);
            server.Resume();
        }
        await steps.Kill;
        for (var (began, pause) = (Stopwatch.GetTimestamp(), _random.Next(2000)); Stopwatch.GetElapsedTime(began).TotalMicroseconds < pause;) { } // between two steps too
        steps.End();
        await server.KillAsync();
        await Task.WhenAll(load);

        Interlocked.Increment(ref totals.Rounds);
        Interlocked.Add(ref totals.Asked, seen.Count);
        Interlocked.Add(ref totals.Completed, seen.Count(one => one is { Status: 200, IsComplete: true }));
        Interlocked.Add(ref totals.Failed, seen.Count(one => one is { Status: not (0 or 200), IsComplete: true }));
        Interlocked.Add(ref totals.Torn, seen.Count(one => !one.IsComplete));
        Interlocked.Add(ref totals.Granted, given.Count);
        return ([.. seen], [.. given]);
    }

    private async Task CallAsync(string address, int caller, int round, ConcurrentBag<Seen> seen, Steps steps)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(address) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        for (var i = 0; !steps.IsOver; i++)
        {
            // A number of tokens that tells the requests of a caller apart, and now and then a failure.
            var tag = string.Create(CultureInfo.InvariantCulture, $"r{round}-{(i * Callers) + caller}-{1 + ((i * 7) + caller) % 90}{(((i * Callers) + caller) % 11 == 10 ? "f" : "")}");
            seen.Add(await CrashClient.AskAsync(http, (caller + i) % CrashClient.Kinds, tag, steps.Next));
        }
    }

    /// <summary>Credit comes in all the while.</summary>
    private static async Task GiveAsync(CrashServer server, int round, ConcurrentBag<string> given, Steps steps)
    {
        try
        {
            for (var i = 0; !steps.IsOver; i++)
            {
                var reason = string.Create(CultureInfo.InvariantCulture, $"g{round}-{i}");
                await server.AskAsync("credits grant", Grant(reason, 1_000_000 + i));
                given.Add(reason);
                steps.Next();
            }
        }
        catch (Exception torn) when (torn is HttpRequestException or IOException or OperationCanceledException)
        {
            // The server died.
        }
    }

    private static JsonObject Grant(string reason, long ticks) => new() { ["team"] = null, ["amount_ticks"] = ticks, ["expires"] = null, ["reason"] = reason };
}

/// <summary>Counts what happens, and tells when it is time.</summary>
internal sealed class Steps(int stopAt, int killAt) : IDisposable
{
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously), _kill = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private volatile bool _isOver;

    public bool IsOver => _isOver;

    public Task Stop => _stop.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public Task Kill => _kill.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public void Next()
    {
        var count = Interlocked.Increment(ref _count);
        if (count == stopAt)
            _stop.TrySetResult();
        if (count == killAt)
            _kill.TrySetResult();
    }

    /// <summary>Nobody asks anything more.</summary>
    public void End() => _isOver = true;

    public void Dispose() => _isOver = true;
}
