using Milliways.Hosting;
using Milliways.Keys;
using Milliways.Secrets;
using Milliways.Storage;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Storage;

public sealed class MigrationTests
{
    private const string Account = "0190a0b0c0d070008000000000000001";

    /// <summary>An installation of the first version: its schema, and rows as it wrote them.</summary>
    private static readonly Schema First = new("ledger", ["0001-teams-and-keys"], []);

    private static readonly Schema FirstStored = new("stored", ["stored-0001-answers"], []);

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task What_the_first_version_wrote_opens_today_with_all_its_rows(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        var text = KeyText.Create();
        using (var old = test.Address.Open(First, "ledger.db", "FULL"))
        {
            old.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'Old team', 1700000000000)", ("$id", Account));
            old.Execute("INSERT INTO api_keys (id, team, name, digest, redacted, created, modified) VALUES ('0190a0b0c0d070008000000000000002', $team, 'old key', $digest, 'xai-...abcd', 1700000000001, 1700000000002)",
                ("$team", Account), ("$digest", System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(text))));
        }
        using (var old = test.Address.Open(FirstStored, "stored.db", "NORMAL"))
            old.Execute("INSERT INTO answers (team, id, kind, state, created, expires, body, bytes) VALUES ($team, 'resp_1', 'response', 'done', 1, 2, $body, 3)", ("$team", Account), ("$body", new byte[] { 1, 2, 3 }));

        using var database = test.OpenLedger();
        var teams = new TeamStore(database, TimeProvider.System);
        Assert.Equal((Account, "Old team"), (teams.All()[0].Account, teams.All()[0].Name));
        var key = new KeyStore(database, teams, TimeProvider.System).Find(text)!;
        Assert.Equal(("old key", 1700000000001, 1700000000002, false, null),
            (key.Name, key.Created.ToUnixTimeMilliseconds(), key.Modified.ToUnixTimeMilliseconds(), key.Disabled, key.Flavour));
        await using var stored = StoredDatabase.Open(test.Address);
        Assert.Equal([1, 2, 3], Assert.Single(await stored.ReadAsync(session => session.Query("SELECT body FROM answers", row => row.GetFieldValue<byte[]>(0)))));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task A_schema_of_a_newer_version_is_refused_in_one_sentence_and_left_alone(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        test.OpenLedger().Dispose();
        var newer = new Schema("ledger", [.. Schema.Ledger.Steps, "0002-flavours"], []);
        using (var later = test.Address.Another("ledger.db", "FULL"))
            later.Transact(() =>
            {
                later.Migrate(newer, "CREATE TABLE later (a INTEGER) STRICT", newer.Latest);
                return true;
            });

        var error = Assert.Throws<UserErrorException>(test.OpenLedger);

        Assert.Contains($"newer version of Milliways (schema {newer.Latest}, this one knows {Schema.Ledger.Latest})", error.Message, StringComparison.Ordinal);
        using var left = test.Address.Another("ledger.db", "FULL");
        Assert.Equal(newer.Latest, left.Version(Schema.Ledger));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task A_step_that_fails_leaves_nothing(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using (var session = test.Address.Open(First, "ledger.db", "FULL"))
            Assert.ThrowsAny<System.Data.Common.DbException>(() => session.Transact(() =>
            {
                session.Migrate(First, "CREATE TABLE half (a INTEGER) STRICT; CREATE TABLE teams (a INTEGER) STRICT;", 2);
                return true;
            }));
        using var again = test.Address.Another("ledger.db", "FULL");
        Assert.Equal(1, again.Version(First));
        Assert.ThrowsAny<System.Data.Common.DbException>(() => again.Query("SELECT * FROM half", row => 0));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Of_many_processes_that_open_an_empty_database_at_once_one_migrates_it(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        var opened = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Factory.StartNew(() =>
        {
            using var database = test.OpenLedger();
            return database.Transact(session => session.Version(Schema.Ledger));
        }, TaskCreationOptions.LongRunning))).Soon();
        Assert.All(opened, version => Assert.Equal(Schema.Ledger.Latest, version));
    }

    [Fact]
    public async Task Of_two_servers_that_begin_on_an_empty_database_one_makes_the_team_and_the_key()
    {
        var database = await (await PostgresCluster.SharedAsync()).CreateAsync();
        using var directory = new TempDirectory();
        var secret = Convert.ToBase64String(new byte[MasterSecret.Length]);
        var options = TestServer.Options(directory); // writes the file that all of them read
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Task.Factory.StartNew(() =>
            ServeHost.Build(options with { DataDirectory = directory[$"data{i}"], Database = database }, environment: name => name == MasterSecret.Variable ? secret : null),
            TaskCreationOptions.LongRunning))).Soon();
        Assert.Single(servers, server => server.FirstKey is not null);
        Assert.Single(servers.Select(server => server.Team.Account).Distinct());
        foreach (var server in servers)
            await server.DisposeAsync();
    }
}
