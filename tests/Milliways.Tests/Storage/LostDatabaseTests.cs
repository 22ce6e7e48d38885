using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Storage;

/// <summary>PostgreSQL goes away under a running server and comes back.</summary>
public sealed class LostDatabaseTests
{
    [Fact]
    public async Task While_the_database_is_away_known_keys_work_and_afterwards_everything_does()
    {
        await using var cluster = await PostgresCluster.OwnAsync();
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} } }""", clock: clock, database: cluster.Address);
        Assert.Equal("ok", await DatabaseAsync(server));

        await cluster.StopAsync();
        await clock.RunUntilAsync(UntilAsync(server, "away"));
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Equal(503, (await server.GetAsync("/v1/responses/resp_unknown")).Status);
        await clock.RunUntilAsync(UntilAsync(server, "unavailable"));
        Assert.Equal(503, (await server.GetAsync("/readyz", ("Authorization", ""))).Status);

        await cluster.StartAgainAsync();
        await clock.RunUntilAsync(UntilAsync(server, "ok"));
        Answer answer;
        while ((answer = await server.GetAsync("/v1/responses/resp_unknown")).Status == 503) { }
        Assert.Equal(404, answer.Status);
    }

    [Fact]
    public async Task Work_fails_with_one_exception_while_the_database_is_away_and_succeeds_afterwards()
    {
        await using var cluster = await PostgresCluster.OwnAsync();
        await using var database = LedgerDatabase.Open(DatabaseAddress.Parse(cluster.Address, ""));
        Assert.Equal(1, await AddAsync(database, "a"));
        Assert.Equal(["a"], await TeamsAsync(database));

        await cluster.KillAsync();
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<DatabaseAwayException>(() => AddAsync(database, "b").Soon());
            await Assert.ThrowsAsync<DatabaseAwayException>(() => TeamsAsync(database).Soon());
        }
        await cluster.StartAgainAsync();

        while (true)
            try
            {
                Assert.Equal(1, await AddAsync(database, "c").Soon());
                break;
            }
            catch (DatabaseAwayException)
            {
                // It backs off for a while.
            }
        while (true)
            try
            {
                Assert.Equal(["a", "c"], await TeamsAsync(database));
                break;
            }
            catch (DatabaseAwayException)
            {
            }
    }

    [Fact]
    public async Task A_connection_that_died_unnoticed_costs_neither_a_reader_nor_a_transaction_its_answer()
    {
        await using var cluster = await PostgresCluster.OwnAsync();
        await using var database = LedgerDatabase.Open(DatabaseAddress.Parse(cluster.Address, ""));
        Assert.Equal(1, await AddAsync(database, "a"));
        Assert.Equal(["a"], await TeamsAsync(database));
        for (var i = 0; i < 3; i++)
        {
            await cluster.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'milliways' AND pid <> pg_backend_pid()");
            Assert.Equal(1, await AddAsync(database, $"b{i}"));
            Assert.Equal(2 + i, (await TeamsAsync(database)).Count);
        }
    }

    [Fact]
    public async Task A_transaction_that_is_lost_half_way_leaves_nothing_and_does_nothing_more()
    {
        await using var cluster = await PostgresCluster.OwnAsync();
        await using var database = LedgerDatabase.Open(DatabaseAddress.Parse(cluster.Address, ""));
        var runs = 0;
        await Assert.ThrowsAsync<DatabaseAwayException>(() => database.RunAsync(session => session.Transact(() =>
        {
            runs++;
            Add(session, "first");
            using (var other = database.Address.Another("", ""))
                other.Query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'milliways' AND pid <> pg_backend_pid()", row => 0);
            try
            {
                Add(session, "second");
            }
            catch (DatabaseAwayException)
            {
                // One that does not mind: what comes now must not be done outside of the transaction.
            }
            return Add(session, "third");
        })));
        Assert.Equal(1, runs);
        Assert.Empty(await TeamsAsync(database));
    }

    [Fact]
    public async Task A_statement_that_never_ends_is_given_up()
    {
        var address = DatabaseAddress.Parse(await (await PostgresCluster.SharedAsync()).CreateAsync(), "");
        await using var database = LedgerDatabase.Open(address);
        var error = await Assert.ThrowsAsync<DatabaseAwayException>(() => database.RunAsync(session => session.Query("SELECT pg_sleep(1000)", row => 0)).Soon());
        Assert.Contains("in time", error.Message, StringComparison.Ordinal);
        while (await Record.ExceptionAsync(() => TeamsAsync(database)) is not null) { }
    }

    private static int Add(DatabaseSession session, string id) => session.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'n', 1)", ("$id", id));

    private static Task<int> AddAsync(LedgerDatabase database, string id) => database.RunAsync(session => session.Transact(() => Add(session, id)));

    private static Task<List<string>> TeamsAsync(LedgerDatabase database) => database.ReadAsync(session => session.Query("SELECT id FROM teams ORDER BY id", row => row.GetString(0)));

    private static async Task<string?> DatabaseAsync(TestServer server) => (await server.GetAsync("/readyz", ("Authorization", ""))).Json.GetProperty("database").GetProperty("status").GetString();

    private static async Task UntilAsync(TestServer server, string status)
    {
        while (await DatabaseAsync(server) != status) { }
    }
}
