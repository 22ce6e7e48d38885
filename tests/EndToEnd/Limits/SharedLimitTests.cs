using System.Diagnostics;
using System.Net;
using Milliways.EndToEnd.Support;
using Milliways.Tests.Support;

namespace Milliways.EndToEnd.Limits;

/// <summary>Three processes on one PostgreSQL let in what one would.</summary>
public sealed class SharedLimitTests
{
    [Fact]
    public async Task Three_processes_let_in_exactly_three_a_minute_and_never_more_than_one_a_second()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var three = await Three.StartAsync(upstream, """ "requestsPerSecond": 1, "requestsPerMinute": 3, "requestsPerHour": 60 """);
        var began = Stopwatch.GetTimestamp();
        var admitted = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
        {
            while (Volatile.Read(ref admitted) < 3)
                if ((await three.AskAsync(i % 3)).Status == HttpStatusCode.OK)
                    Interlocked.Increment(ref admitted);
        })).WaitAsync(Patience.Short);
        Assert.True(Stopwatch.GetElapsedTime(began) >= TimeSpan.FromSeconds(2), "The third came within two seconds of the first.");
        // At least half of the minute is left.
        var refused = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => three.AskAsync(i % 3)));
        Assert.All(refused, answer => Assert.Equal((HttpStatusCode.TooManyRequests, "limit"), (answer.Status, answer.Headers["x-milliways-refused"])));
        Assert.Equal(3, upstream.Asked.Count);
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
        await using var three = await Three.StartAsync(upstream, """ "concurrent": 4 """);
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

        public static async Task<Three> StartAsync(FakeUpstream upstream, string limits)
        {
            var (database, reason) = await PostgresProcess.StartAsync();
            if (database is null)
                Assert.Skip(reason);
            var three = new Three(database, []);
            for (var i = 0; i < 3; i++)
            {
                three.Servers.Add(await MilliwaysProcess.StartAsync(new Setup
                {
                    Config = $$"""
                        { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "x", "retries": 0, "breaker": null } },
                          "models": { "free": { "attempts": [ { "upstream": "lab", "model": "m" } ], "price": { "input": "0", "output": "0" }, "limits": { {{limits}} } } } }
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

        public Task<Answer> AskAsync(int server) => servers[server].Api.PostTextAsync("/v1/chat/completions",
            """{"model":"free","max_tokens":50,"messages":[{"role":"user","content":"Hello"}]}""");

        public async ValueTask DisposeAsync()
        {
            foreach (var server in servers)
                await server.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
