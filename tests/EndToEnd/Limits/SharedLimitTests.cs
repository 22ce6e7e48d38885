using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;
using Milliways.Tests.Support;

namespace Milliways.EndToEnd.Limits;

/// <summary>Three processes on one PostgreSQL let in what one would.</summary>
public sealed class SharedLimitTests
{
    /// <summary>The limits of the catalogue, offered more all the time until the second minute's window is full too.</summary>
    [Fact]
    public async Task Three_processes_let_in_as_many_in_every_window_as_one_would()
    {
        var arrived = new ConcurrentDictionary<string, ConcurrentQueue<TimeSpan>>();
        var began = Stopwatch.GetTimestamp();
        await using var upstream = await FakeUpstream.StartAsync((http, body) =>
        {
            arrived.GetOrAdd(JsonNode.Parse(body)!["model"]!.GetValue<string>(), _ => []).Enqueue(Stopwatch.GetElapsedTime(began));
            return FakeUpstream.AnswerWholeAsync(http);
        });
        await using var three = await Three.StartAsync(upstream, new()
        {
            ["slow"] = """ "requestsPerSecond": 1, "requestsPerMinute": 3, "requestsPerHour": 60 """, ["steady"] = """ "requestsPerSecond": 1, "requestsPerMinute": 60, "requestsPerHour": 1200 """,
        });
        began = Stopwatch.GetTimestamp();
        using var enough = new CancellationTokenSource();
        var offered = Enumerable.Range(0, 12).Select(async i =>
        {
            while (!enough.IsCancellationRequested)
                if ((await three.AskAsync(i % 3, i < 6 ? "slow" : "steady")) is { Status: not HttpStatusCode.OK } refused)
                {
                    Assert.Equal((HttpStatusCode.TooManyRequests, "limit"), (refused.Status, refused.Headers["x-milliways-refused"]));
                    await Task.Delay(TimeSpan.FromMilliseconds(50)); // a pace at which more is offered than there is room for
                }
        }).ToList();
        await Until.TrueAsync(() => arrived.TryGetValue("slow", out var slow) && slow.Count >= 6, "the second minute is full", TimeSpan.FromSeconds(100));
        var full = Stopwatch.GetElapsedTime(began);
        await Until.TrueAsync(() => Stopwatch.GetElapsedTime(began) > full + TimeSpan.FromSeconds(3), "it was offered on");
        await enough.CancelAsync();
        await Task.WhenAll(offered);

        // None came earlier than its window has room for it: the first not before the beginning, so the second a second after that, and the fourth a minute.
        Assert.Equal(6, arrived["slow"].Count);
        foreach (var (at, earliest) in arrived["slow"].Zip([0, 1, 2, 60, 61, 62]))
            Assert.True(at >= TimeSpan.FromSeconds(earliest), $"{at} is before {earliest} s.");
        foreach (var (at, i) in arrived["steady"].Select((at, i) => (at, i)))
            Assert.True(at >= TimeSpan.FromSeconds(i), $"{at} is before {i} s.");
        // Nor later: ten seconds' windows have room for ten, and one of a minute for three. When somebody arrives is not when he was let in, but nearly.
        var (slow, steady) = (arrived["slow"].ToList(), arrived["steady"].ToList());
        Assert.All(steady.Zip(steady.Skip(10)), pair => Assert.True(pair.Second - pair.First > TimeSpan.FromSeconds(9), $"Eleven came from {pair.First} to {pair.Second}."));
        Assert.All(slow.Zip(slow.Skip(3)), pair => Assert.True(pair.Second - pair.First > TimeSpan.FromSeconds(59), $"Four came from {pair.First} to {pair.Second}."));
        // And what there is room for is let in: nearly one a second, however often the machine lets everybody wait.
        Assert.True(steady.Count >= 50, $"Only {steady.Count} came in {full}.");
    }

    [Fact]
    public async Task Slots_of_a_killed_process_come_back_within_30_seconds_and_never_more_run_than_there_are()
    {
        var (arrived, running, most) = (0, 0, 0);
        using var end = new CancellationTokenSource();
        await using var upstream = await FakeUpstream.StartAsync(async http =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            Interlocked.Increment(ref arrived);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, end.Token);
            await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Decrement(ref running);
            if (!http.RequestAborted.IsCancellationRequested)
                await FakeUpstream.AnswerWholeAsync(http);
        });
        await using var three = await Three.StartAsync(upstream, new() { ["free"] = """ "concurrent": 4 """ });
        var held = Enumerable.Range(0, 4).Select(i => three.AskAsync(i / 2)).ToArray();
        await Until.TrueAsync(() => Volatile.Read(ref arrived) == 4, "four requests run");
        Assert.Equal(HttpStatusCode.TooManyRequests, (await three.AskAsync(2)).Status);

        three.Servers[0].Signal(Signals.Kill);
        await three.Servers[0].ExitAsync();
        var killed = Stopwatch.GetTimestamp();
        var more = new List<Task<Answer>>();
        await Until.TrueAsync(async () =>
        {
            if (more.Count == 0 || (more[^1].IsCompleted && (await more[^1]).Status == HttpStatusCode.TooManyRequests))
                more.Add(three.AskAsync(2));
            return Volatile.Read(ref arrived) == 5;
        }, "a slot is free", TimeSpan.FromSeconds(45));
        Assert.InRange(Stopwatch.GetElapsedTime(killed), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30));
        Assert.Equal(4, most);
        await end.CancelAsync();
        Assert.All(await Task.WhenAll([.. held[2..], more[^1]]), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        await Assert.ThrowsAsync<HttpRequestException>(() => Task.WhenAll(held[..2]));
    }

    private sealed class Three(PostgresProcess database, List<MilliwaysProcess> servers) : IAsyncDisposable
    {
        public List<MilliwaysProcess> Servers => servers;

        public static async Task<Three> StartAsync(FakeUpstream upstream, Dictionary<string, string> limits)
        {
            var (database, reason) = await PostgresProcess.StartAsync();
            if (database is null)
                Assert.Skip(reason);
            var three = new Three(database, []);
            var models = string.Join(", ", limits.Select(model =>
                $$"""
                "{{model.Key}}": { "attempts": [ { "upstream": "lab", "model": "{{model.Key}}" } ], "price": { "input": "0", "output": "0" }, "limits": { {{model.Value}} } }
                """));
            for (var i = 0; i < 3; i++)
            {
                three.Servers.Add(await MilliwaysProcess.StartAsync(new Setup
                {
                    Config = $$"""
                        { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "x", "retries": 0, "breaker": null } },
                          "models": { {{models}} } }
                        """,
                    Environment = new Dictionary<string, string?> { ["MILLIWAYS_DATABASE"] = three.Address, ["MILLIWAYS_SECRET"] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" },
                    NoEngine = true,
                    Governed = true,
                }));
                three.Servers[i].UseKey(three.Servers[0].Key);
            }
            return three;
        }

        private string Address => database.Address;

        public Task<Answer> AskAsync(int server, string model = "free") => servers[server].Api.PostTextAsync("/v1/chat/completions",
            $$"""{"model":"{{model}}","max_tokens":50,"messages":[{"role":"user","content":"Hello"}]}""");

        public async ValueTask DisposeAsync()
        {
            foreach (var server in servers)
                await server.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
