using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Milliways.Exchanges.Redaction;
using Milliways.Logs;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>What the store does when it is full, slow or gone, and how it stays within its bounds.</summary>
public class LogStoreTests
{
    [Fact]
    public async Task A_store_that_is_slow_delays_no_answer_and_what_does_not_fit_is_lost_counted_and_told_once()
    {
        var lines = new EveryLine();
        await using var logged = await Logged.StartAsync(more: services => services.AddSingleton<ILoggerProvider>(lines).AddSingleton(new LogQueue(most: 50)));
        var (queue, database) = (logged.Server.Service<LogQueue>(), logged.Server.Service<LogDatabase>());
        using var open = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stuck = database.WriteAsync(_ =>
        {
            entered.SetResult();
            return open.WaitHandle.WaitOne(Patience.Limit);
        });
        await entered.Task.Soon();

        var answer = await logged.AskAsync();
        Assert.Equal(200, answer.Status);
        var entry = Some.Entry(logged.Server.Account);
        // The writer takes what came first and is stuck with it: from then on the queue only fills.
        queue.Add(new LogItem(entry with { Id = Guid.CreateVersion7().ToString("D") }, null, null, new Redactor([]), new LogPolicy(true, false)));
        await Logged.UntilAsync(() => Task.FromResult(queue.Reader.Count), count => count == 0);
        for (var i = 0; i < 1000 && queue.Lost < 10; i++)
            queue.Add(new LogItem(entry with { Id = Guid.CreateVersion7().ToString("D") }, null, null, new Redactor([]), new LogPolicy(true, false)));
        Assert.Equal(200, (await logged.AskAsync()).Status); // lost, but answered
        await Logged.UntilAsync(() => Task.FromResult(queue.Lost), lost => lost == 11); // it is logged behind its answer
        open.Set();
        Assert.True(await stuck.Soon());

        Assert.Equal(200, (await logged.EntryAsync(answer)).StatusCode);
        await Logged.UntilAsync(() => Task.FromResult(queue.Reader.Count), count => count == 0); // before that one more could be lost
        Assert.Equal(200, (await logged.EntryAsync(await logged.AskAsync())).StatusCode);
        await Logged.UntilAsync(() => Task.FromResult(lines.Text), text => text.Contains("11 log entries were lost", StringComparison.Ordinal));
        Assert.Equal(2, lines.Text.Split("log entries were lost").Length);
    }

    [Fact]
    public async Task Old_entries_go_and_those_beyond_the_bound_go_the_oldest_first()
    {
        var clock = new ManualTime();
        await using var logged = await Logged.StartAsync("""{ "maxAge": "10d", "maxRows": 3000 }""", clock);
        var (store, trim) = (logged.Server.Service<LogStore>(), logged.Server.Service<LogTrim>());
        await Some.WriteAsync(store, logged.Server.Account, 1200, clock.GetUtcNow());
        clock.Jump(TimeSpan.FromDays(6));
        await Some.WriteAsync(store, logged.Server.Account, 1300, clock.GetUtcNow());
        await trim.TrimAsync(default);
        Assert.Equal(2500, await CountAsync(store));
        clock.Jump(TimeSpan.FromDays(6));
        await trim.TrimAsync(default);
        Assert.Equal(1300, await CountAsync(store));
        var newest = await Some.WriteAsync(store, logged.Server.Account, 2900, clock.GetUtcNow(), "newest");
        await trim.TrimAsync(default);
        Assert.Equal(3000, await CountAsync(store));
        Assert.NotEmpty(await logged.Reader.FindAsync(logged.Server.Account, newest[0].Id));
        Assert.Equal(3000, await RowsAsync(logged, "logs"));
        Assert.Equal(2900, await RowsAsync(logged, "log_metadata"));
    }

    [Fact]
    public async Task All_entries_together_have_no_more_bytes_than_they_may_and_the_oldest_go_first()
    {
        await using var logged = await Logged.StartAsync("""{ "maxBytes": "64MiB" }""");
        var (store, trim, team) = (logged.Server.Service<LogStore>(), logged.Server.Service<LogTrim>(), logged.Server.Account);
        Assert.Equal(0, await store.BytesAsync());
        var now = TimeProvider.System.GetUtcNow();
        var kept = Enumerable.Range(0, 24).Select(i => (Entry: Some.Entry(team) with { CreatedAt = now.AddMilliseconds(i), Gateway = i % 2 == 0 ? null : "one", HasPayload = true }, Payload: new LogPayload("head", new byte[3 << 20], "", new byte[1 << 20]))).ToList();
        foreach (var (entry, payload) in kept)
            await store.WriteAsync([(entry, payload, new LogPolicy(true, true))]);
        await Some.WriteAsync(store, "", 100, TimeProvider.System.GetUtcNow());
        var before = await store.BytesAsync();
        Assert.InRange(before, 24 * (4L << 20), (24 * (4L << 20)) + (200 << 10));
        await trim.TrimAsync(default);
        var after = await store.BytesAsync();
        Assert.InRange(after, 60L << 20, 64L << 20);
        Assert.Equal(115, await CountAsync(store)); // 15 of 4 MiB, and the small ones that are younger
        Assert.Equal(kept[9..].Select(one => one.Entry.Id), (await logged.EntriesAsync(15)).Select(entry => entry.Id));
        Assert.Equal(15, await RowsAsync(logged, "log_payloads"));
        await store.DeleteBeyondAsync(0);
        Assert.Equal(0, await store.BytesAsync());
    }

    [Fact]
    public async Task What_entries_are_said_to_take_is_about_what_the_file_has()
    {
        if (TestServer.On.Value == Backend.Postgres)
            return; // its files keep what deleted rows leave, for the next ones
        await using var logged = await Logged.StartAsync();
        var (store, team, now) = (logged.Server.Service<LogStore>(), logged.Server.Account, TimeProvider.System.GetUtcNow());
        async Task<long> PagesAsync() => await logged.Server.Service<LogDatabase>().ReadAsync(session =>
            (session.Query("PRAGMA page_count", row => row.GetInt64(0))[0] - session.Query("PRAGMA freelist_count", row => row.GetInt64(0))[0]) * session.Query("PRAGMA page_size", row => row.GetInt64(0))[0]);
        var empty = await PagesAsync();
        foreach (var (count, payload, metadata) in new (int, int, int)[] { (6000, 0, 0), (3000, 0, 4), (300, 40_000, 1) })
        {
            var (file, said) = (await PagesAsync(), await store.BytesAsync());
            foreach (var batch in Enumerable.Range(0, count).Select(i => Some.Entry(team) with
            {
                CreatedAt = now.AddMilliseconds(i), KeyId = Guid.NewGuid().ToString("D"), Provider = "openai", Model = "openai/gpt-5", ModelAsked = "gpt-5", Upstream = "openai", Gateway = "default",
                MetadataEntries = [.. Enumerable.Range(0, metadata).Select(one => ($"name{one}", $"value-{i}"))],
            }).Chunk(500))
                await store.WriteAsync([.. batch.Select(entry => (entry, payload == 0 ? null : new LogPayload("head", new byte[payload / 2], "head", new byte[payload / 2]), new LogPolicy(true, false)))]);
            var (grown, counted) = (await PagesAsync() - file, await store.BytesAsync() - said);
            Assert.True(counted > grown * 3 / 4 && counted < grown * 4 / 3, $"{count} entries with {payload} bytes and {metadata} metadata: the file has {grown}, said are {counted}");
        }
        Assert.True(empty < 1 << 20);
    }

    [Fact]
    public async Task A_gateway_deletes_its_own_oldest_or_takes_no_more_and_others_keep_theirs()
    {
        await using var logged = await Logged.StartAsync();
        var (store, team, now) = (logged.Server.Service<LogStore>(), logged.Server.Account, TimeProvider.System.GetUtcNow());
        var stop = new LogPolicy(true, false, MaxRows: 5, WhenFull.StopInserting);
        var left = await store.WriteAsync([.. Enumerable.Range(0, 8).Select(_ => (Some.Entry(team) with { Gateway = "stops" }, (LogPayload?)null, stop))]);
        left += await store.WriteAsync([(Some.Entry(team) with { Gateway = "stops" }, null, stop), (Some.Entry(team) with { Gateway = "goes" }, null, new LogPolicy(true, false))]);
        Assert.Equal(4, left);
        Assert.Equal([("goes", 1L), ("stops", 5L)], (await store.CountsAsync()).Select(one => (one.Gateway, one.Entries)).Order());

        var kept = Enumerable.Range(0, 700).Select(i => Some.Entry(team) with { Gateway = "turns", CreatedAt = now.AddMilliseconds(i) }).ToList();
        await store.WriteAsync([.. kept.Select(entry => (entry, (LogPayload?)null, new LogPolicy(true, false)))]);
        var trim = new LogTrim(store, new Bounded(), logged.Server.Service<Milliways.Hosting.Configuration.ConfigState>(), TimeProvider.System, new ListLog<LogTrim>());
        await trim.TrimAsync(default);
        Assert.Equal([("goes", 1L), ("stops", 5L), ("turns", 10L)], (await store.CountsAsync()).Select(one => (one.Gateway, one.Entries)).Order());
        Assert.Equal(kept[^10..].Select(entry => entry.Id), (await logged.EntriesAsync(10, null, LogFilter.Read(new FilterText("gateway", "eq", ["turns"])))).Select(entry => entry.Id));
    }

    [Fact]
    public async Task Requests_without_a_known_key_cannot_push_out_what_teams_have()
    {
        await using var logged = await Logged.StartAsync("""{ "maxRows": 20000 }""");
        var (store, trim) = (logged.Server.Service<LogStore>(), logged.Server.Service<LogTrim>());
        await Some.WriteAsync(store, logged.Server.Account, 10, TimeProvider.System.GetUtcNow());
        await Some.WriteAsync(store, "", 20_500, TimeProvider.System.GetUtcNow());
        await trim.TrimAsync(default);
        Assert.Equal([("", LogTrim.MostOfNobody), (logged.Server.Account, 10L)], (await store.CountsAsync()).Select(one => (one.Team, one.Entries)).Order());
    }

    [Fact]
    public async Task The_same_entries_written_again_are_there_once()
    {
        await using var logged = await Logged.StartAsync();
        var store = logged.Server.Service<LogStore>();
        (LogEntry, LogPayload?, LogPolicy)[] batch = [(Some.Entry(logged.Server.Account) with { MetadataEntries = [("a", "b")] }, new LogPayload("", [1], "", [2]), new LogPolicy(true, true))];
        await store.WriteAsync(batch);
        await store.WriteAsync(batch);
        Assert.Equal((1, 1, 1, 1), (await RowsAsync(logged, "logs"), await RowsAsync(logged, "log_metadata"), await RowsAsync(logged, "log_payloads"), (int)await CountAsync(store)));
    }

    private static async Task<long> CountAsync(LogStore store) => (await store.CountsAsync()).Sum(one => one.Entries);

    private static Task<int> RowsAsync(Logged logged, string table) =>
        logged.Server.Service<LogDatabase>().ReadAsync(session => (int)session.Query($"SELECT count(*) FROM {table}", row => row.GetInt64(0))[0]);

    private sealed class Bounded : ILogPolicy
    {
        public LogPolicy For(string team, string? gateway) => gateway == "turns" ? new LogPolicy(true, false, MaxRows: 10) : new LogPolicy(true, false);
    }
}

public sealed class LogStoreOnPostgresTests : LogStoreTests
{
    public LogStoreOnPostgresTests() => TestServer.On.Value = Backend.Postgres;

    [Fact]
    public async Task While_the_database_is_away_answers_go_on_and_their_entries_are_written_when_it_is_back()
    {
        await using var cluster = await PostgresCluster.OwnAsync();
        var (lines, clock) = (new EveryLine(), new ManualTime());
        var logged = await Logged.StartAsync(clock: clock, more: services => services.AddSingleton<ILoggerProvider>(lines), database: await cluster.CreateAsync());
        try
        {
            var before = await logged.AskAsync();
            await logged.EntryAsync(before);
            await cluster.KillAsync(); // without its database the server gives away money for some seconds only: by its clock, which stands still
            var during = await logged.AskAsync();
            Assert.Equal(200, during.Status);
            await Logged.UntilAsync(() => Task.FromResult(lines.Text), text => text.Contains("The log cannot be written", StringComparison.Ordinal));
            await cluster.StartAgainAsync();
            await Logged.UntilAsync(() => Task.FromResult(lines.Text), text => text.Contains("The log is written again", StringComparison.Ordinal));
            Assert.Equal(200, (await logged.EntryAsync(during)).StatusCode);
            Assert.Equal(0, logged.Server.Service<LogQueue>().Lost);
        }
        finally
        {
            await clock.RunUntilAsync(logged.DisposeAsync().AsTask(), TimeSpan.FromMilliseconds(500));
        }
    }
}
