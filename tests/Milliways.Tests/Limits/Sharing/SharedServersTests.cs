using System.Globalization;
using Milliways.Limits.Sharing;
using Milliways.Secrets;
using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits.Sharing;

/// <summary>Three servers on one PostgreSQL, on its clock.</summary>
public sealed class SharedServersTests
{
    private static readonly Dictionary<string, string> Secret = new() { [MasterSecret.Variable] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" };

    [Fact]
    public async Task A_burst_at_three_servers_gets_exactly_what_is_left_and_everybody_is_told_the_same()
    {
        await using var lab = new FakeUpstream();
        await using var three = await ThreeAsync(lab, """ "perTeam": { "requestsPerHour": 9 } """, """ "alpha": { "limits": { "requestsPerMinute": 3 } } """);
        Assert.Equal("2", (await three.AskAsync(0)).Header("x-ratelimit-remaining-requests"));
        Assert.Equal("1", (await three.AskAsync(1)).Header("x-ratelimit-remaining-requests"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => three.AskAsync(i % 3)));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(3, lab.Received.Count);
        Assert.All(answers.Where(answer => answer.Status != 200), answer => Assert.Equal(
            (429, "limit", "3", "0"), (answer.Status, answer.Header("x-milliways-refused"), answer.Header("x-ratelimit-limit-requests"), answer.Header("x-ratelimit-remaining-requests"))));
        Assert.All(answers.Where(answer => answer.Status != 200), answer => Assert.InRange(int.Parse(answer.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 60));
        // What one limit refused counts for none.
        var others = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => three.AskAsync(i % 3, "beta")));
        Assert.Equal(6, others.Count(answer => answer.Status == 200));
    }

    [Fact]
    public async Task One_a_second_is_one_a_second_by_the_databases_clock_however_many_servers_are_asked_at_once()
    {
        await using var lab = new FakeUpstream();
        await using var three = await ThreeAsync(lab, models: """ "alpha": { "limits": { "requestsPerSecond": 1, "requestsPerMinute": 60, "requestsPerHour": 1200 } } """);
        using var enough = new CancellationTokenSource();
        var admitted = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
        {
            while (!enough.IsCancellationRequested)
                if ((await three.AskAsync(i % 3)).Status == 200 && Interlocked.Increment(ref admitted) == 4)
                    await enough.CancelAsync();
        })).Soon();

        var moments = three.Query("SELECT until FROM limit_bookings WHERE measure = 0 AND amount > 0 ORDER BY until");
        Assert.Equal(admitted, lab.Received.Count);
        Assert.Equal(admitted, moments.Count);
        Assert.All(moments.Zip(moments.Skip(1)), pair => Assert.True(pair.Second - pair.First >= ShareStore.Second, $"{pair}"));
        Assert.Equal([(long)admitted], three.Query("SELECT CAST(SUM(amount) AS BIGINT) FROM limit_bookings WHERE measure = 2"));
    }

    [Fact]
    public async Task Eight_slots_are_eight_over_three_servers_and_all_are_free_afterwards()
    {
        var (running, most) = (0, 0);
        await using var lab = new FakeUpstream(async turn =>
        {
            var now = Interlocked.Increment(ref running);
            lock (Secret)
                most = Math.Max(most, now);
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await Task.Yield();
            Interlocked.Decrement(ref running); // before its end, so that the next one is not taken for one too many
            await turn.SendAsync(Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var three = await ThreeAsync(lab, """ "perTeam": { "concurrent": 8 } """);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => UntilAsync(async () => (await three.AskAsync(i % 3, more: ""","stream":true""")).Status == 200)));

        Assert.InRange(most, 1, 8);
        Assert.Equal(100, lab.Received.Count);
        await Task.WhenAll(three.Servers.Select(Routed.AllEndedAsync));
        await UntilAsync(() => Task.Run(() => three.Query("SELECT COALESCE(CAST(SUM(held) AS BIGINT), 0) FROM limit_slots")[0] == 0));
    }

    [Fact]
    public async Task Slots_of_another_server_count_until_its_epoch_has_ended()
    {
        await using var lab = new FakeUpstream();
        await using var three = await ThreeAsync(lab, """ "perTeam": { "concurrent": 2 } """);
        var team = Guid.ParseExact(three.Servers[0].Account, "N").ToString("D");
        three.Execute("INSERT INTO epochs (epoch, instance, started, seen) VALUES (99, 'other', 0, $now)", ("$now", three.Now));
        three.Execute("INSERT INTO limit_slots (team, scope, epoch, held) VALUES ($team, 'team', 99, 2)", ("$team", team));
        Assert.Equal(429, (await three.AskAsync(0)).Status);

        three.Execute("UPDATE epochs SET ended = 1 WHERE epoch = 99");
        await UntilAsync(async () => (await three.AskAsync(0)).Status == 200);
    }

    [Fact]
    public async Task Tokens_that_one_server_did_not_use_are_there_for_another()
    {
        await using var lab = new FakeUpstream(); // four tokens each
        await using var three = await ThreeAsync(lab, """ "perTeam": { "tokensPerMinute": 200 } """);
        for (var i = 0; i < 12; i++)
            await UntilAsync(async () => (await three.AskAsync(i % 3, more: ""","max_tokens":100""")).Status == 200);
        Assert.Equal(12, lab.Received.Count);
        await UntilAsync(() => Task.Run(() => three.Query("SELECT CAST(SUM(amount) AS BIGINT) FROM limit_bookings WHERE measure = 3")[0] == 48));
    }

    [Fact]
    public async Task While_the_database_is_away_what_cannot_be_decided_is_refused_as_overload_and_afterwards_let_in()
    {
        await using var cluster = await PostgresCluster.OwnAsync();
        await using var lab = new FakeUpstream();
        await using var server = await Limited.ServeAsync(Limited.Config(lab, """ "perKey": { "requestsPerMinute": 60 } """), database: cluster.Address);
        Assert.Equal(200, (await server.AskAsync()).Status);

        await cluster.StopAsync();
        foreach (var (path, body) in new[] { (Limited.Chat, Answers.Ask()), ("/v1/messages", Answers.Say("alpha")) })
        {
            var refused = await server.PostAsync(path, body);
            Assert.Equal((503, "overload", "2"), (refused.Status, refused.Header("x-milliways-refused"), refused.Header("Retry-After")));
        }
        Assert.Single(lab.Received);

        await cluster.StartAgainAsync();
        Answer? answer = null;
        await UntilAsync(async () => (answer = await server.AskAsync()).Status != 503);
        // What was counted is counted still.
        Assert.Equal((200, "58"), (answer!.Status, answer.Header("x-ratelimit-remaining-requests")));
    }

    /// <summary>Asks again until the answer is yes; the bound only turns a hang into a failure.</summary>
    private static async Task UntilAsync(Func<Task<bool>> question)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await question())
            patience.Token.ThrowIfCancellationRequested();
    }

    private static async Task<Three> ThreeAsync(FakeUpstream lab, string limits = "", string models = "")
    {
        var database = await (await PostgresCluster.SharedAsync()).CreateAsync();
        var servers = new List<TestServer>();
        for (var i = 0; i < 3; i++)
            servers.Add(await Limited.ServeAsync(Limited.Config(lab, limits, models), environment: Secret, database: database));
        return new Three(servers, DatabaseAddress.Parse(database, "").Another("", ""));
    }

    private sealed class Three(List<TestServer> servers, DatabaseSession session) : IAsyncDisposable
    {
        public List<TestServer> Servers => servers;

        public long Now => session.Now(TimeProvider.System);

        public Task<Answer> AskAsync(int server, string model = "alpha", string more = "") => servers[server].AskAsync(model, more, servers[0].Key);

        public List<long> Query(string sql) => session.Query(sql, row => row.GetInt64(0));

        public int Execute(string sql, params (string Name, object? Value)[] parameters) => session.Execute(sql, parameters);

        public async ValueTask DisposeAsync()
        {
            session.Dispose();
            foreach (var server in servers)
                await server.DisposeAsync();
        }
    }
}
