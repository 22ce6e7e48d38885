using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Exchanges;
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

    /// <summary>Of each version since there are books, in whose rows nothing was changed since: those of the first three days of 2025.</summary>
    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Books_of_every_earlier_version_are_whole_in_todays_and_go_on(Backend backend)
    {
        var first = Schema.Ledger.Steps.ToList().IndexOf("0003-books") + 1;
        for (var version = first; version < Schema.Ledger.Latest; version++)
        {
            using var test = await TestDatabase.CreateAsync(backend);
            using (var old = test.Address.Open(new Schema("ledger", [.. Schema.Ledger.Steps.Take(version)], []), "ledger.db", "FULL"))
                WriteBooks(old);

            using var database = test.OpenLedger();
            var report = database.Run(BookCheck.Run);
            Assert.True(report.Ok, $"{version}: {string.Join('\n', report.Problems)}");
            Assert.Equal(
                [(1, "grant", 0L, 1000L, 1000L, null), (2, "charge", 0L, 300L, 700L, "r1"), (2, "charge", 1L, 5L, 700L, "r1"), (3, "charge", 0L, 100L, 600L, "r2")],
                database.Query("SELECT seq, kind, part, amount, balance, request_id FROM entries ORDER BY seq, part",
                    row => (row.GetInt32(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.IsDBNull(5) ? null : row.GetString(5))));
            // Times are found, what was charged is not charged again, and the next charge follows.
            var team = Guid.ParseExact(Account, "N");
            Assert.Equal([1, 2, 3, 4], new[] { 1L, 2, 3, 4 }.Select(day => database.Run(session => EntryTimes.FirstAt(session, team, Day(day)))));
            Assert.Equal(8, database.Run(session => BookKeeper.Apply(session, Guid.ParseExact(Journal, "N"), [(6, Charged("r0", 50)), (7, Charged("r2", 100)), (8, Charged("r3", 50))])));
            Assert.Equal([("r1", 300L), ("r2", 100L), ("r3", 50L)], database.Query("SELECT request_id, amount FROM entries WHERE kind = 'charge' AND part = 0 ORDER BY seq", row => (row.GetString(0), row.GetInt64(1))));
            Assert.Equal(550, database.Query("SELECT balance FROM balances", row => row.GetInt64(0))[0]);
            Assert.True(database.Run(BookCheck.Run).Ok);
        }

        static Posting Charged(string request, long ticks) => new()
        {
            Kind = PostingKind.Charge, Team = Guid.ParseExact(Account, "N"), Time = DateTimeOffset.FromUnixTimeMilliseconds(Day(5)), Draws = [new Draw(Guid.ParseExact(Lot, "N"), ticks)],
            Charge = new Charge
            {
                RequestId = request, Payer = new Payer(Guid.ParseExact(Account, "N"), Guid.ParseExact(Account, "N"), null, null), Time = DateTimeOffset.FromUnixTimeMilliseconds(Day(5)),
                Model = "m", Upstream = "lab/m", Source = UsageSource.Reported, Ending = Ending.Completed, Cost = ticks,
            },
        };
    }

    private const string Lot = "0190a0b0c0d070008000000000000003", Journal = "0190a0b0c0d070008000000000000004";

    private static long Day(long day) => 1_735_689_600_000 + ((day - 1) * 86_400_000);

    /// <summary>A grant on the first of January, an answer on the second that cost the operator something too, and one on the third; the journal had them as its numbers 6 and 7.</summary>
    private static void WriteBooks(DatabaseSession old)
    {
        old.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'Old team', 1)", ("$id", Account));
        old.Execute("INSERT INTO lots (id, team, kind, amount, remains, created, reason) VALUES ($id, $team, 'grant', 1000, 600, $time, 'test')", ("$id", Lot), ("$team", Account), ("$time", Day(1)));
        old.Execute("INSERT INTO balances (team, seq, balance, owed, booked) VALUES ($team, 3, 600, 0, $time)", ("$team", Account), ("$time", Day(3)));
        Entry(1, 0, 1, "grant", "operator:grants", $"team:{Account}", 1000, 1000, null);
        Entry(2, 0, 2, "charge", $"team:{Account}", "operator:revenue", 300, 700, "r1");
        Entry(2, 1, 2, "charge", "operator:overrun", "operator:revenue", 5, 700, "r1");
        Entry(3, 0, 3, "charge", $"team:{Account}", "operator:revenue", 100, 600, "r2");
        foreach (var (day, charged, overrun) in new[] { (2, 300L, 5L), (3, 100L, 0L) })
            old.Execute(
                "INSERT INTO usage_hours (hour, team, key_id, model, gateway, answers, input, cached, output, reasoning, images, charged, overrun, discarded) VALUES ($hour, $team, 'k', 'm', '', 1, 4, 0, 6, 0, 0, $charged, $overrun, 0)",
                ("$hour", Day(day)), ("$team", Account), ("$charged", charged), ("$overrun", overrun));
        old.Execute("INSERT INTO journal_marks (journal, applied) VALUES ($journal, 7)", ("$journal", Journal));

        void Entry(long seq, int part, long day, string kind, string from, string to, long amount, long balance, string? request) => old.Execute(
            """
            INSERT INTO entries (team, seq, part, time, kind, from_account, to_account, amount, balance, reason, request_id, key_id, model, upstream, input, cached, cache_write, output, reasoning, images, usage_source, ending)
            VALUES ($team, $seq, $part, $time, $kind, $from, $to, $amount, $balance, '', $request, $key, $model, $upstream, $input, 0, 0, $output, 0, 0, $source, $ending)
            """,
            ("$team", Account), ("$seq", seq), ("$part", (long)part), ("$time", Day(day)), ("$kind", kind), ("$from", from), ("$to", to), ("$amount", amount), ("$balance", balance), ("$request", request),
            ("$key", request is null ? null : "k"), ("$model", request is null ? null : "m"), ("$upstream", request is null ? null : "lab/m"), ("$input", part == 0 && request is not null ? 4L : 0L),
            ("$output", part == 0 && request is not null ? 6L : 0L), ("$source", request is null ? null : "reported"), ("$ending", request is null ? null : "completed"));
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
