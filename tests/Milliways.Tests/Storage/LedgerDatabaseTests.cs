using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Storage;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class LedgerDatabaseTests
{
    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Migrations_take_an_empty_database_to_todays_schema_and_can_be_run_again(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        for (var i = 0; i < 2; i++)
            using (var database = test.OpenLedger())
            {
                var tables = backend == Backend.Files ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
                    : "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name <> 'schema_versions' ORDER BY table_name COLLATE \"C\"";
                Assert.Equal(["alert_deliveries", "alert_targets", "alerts", "api_keys", "audit", "balances", "billing_info", "changes", "counters", "custom_providers", "entries", "epochs", "gateway_keys", "gateways", "installation", "invitations", "invoices", "journal_marks", "limit_bookings", "limit_slots", "limit_teams", "lots", "management_keys", "members", "old_key_texts", "open_holds", "promo_codes", "slices", "spending_limits", "teams", "usage_hours", "users", "wanted"], database.Query(tables, row => row.GetString(0)));
                Assert.Equal(Schema.Ledger.Latest, database.Transact(session => session.Version(Schema.Ledger)));
            }
    }

    [Fact]
    public void A_file_survives_power_loss_and_is_private()
    {
        using var directory = new TempDirectory();
        using var database = LedgerDatabase.Open(directory["ledger.db"]);
        Assert.Equal("wal", database.Query("PRAGMA journal_mode", row => row.GetString(0))[0]);
        Assert.Equal(2, database.Query("PRAGMA synchronous", row => row.GetInt32(0))[0]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory["ledger.db"]));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task A_transaction_that_throws_leaves_nothing_not_even_of_one_within_it(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        Assert.Throws<InvalidOperationException>(() => database.Transact(() =>
        {
            database.Transact(() => Team(database, "a"));
            throw new InvalidOperationException();
        }));
        Assert.Empty(Teams(database));
        database.Transact(() => Team(database, "b"));
        Assert.Equal(["b"], Teams(database));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task A_second_row_with_the_same_key_is_a_conflict_and_the_session_goes_on(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        Team(database, "a");
        Assert.Throws<DatabaseConflictException>(() => Team(database, "a"));
        Assert.Throws<DatabaseConflictException>(() => database.Execute("INSERT INTO gateways (team, name) VALUES ('nobody', 'x')"));
        Assert.Equal(["a"], Teams(database));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task A_parameter_may_come_in_any_order_be_used_twice_and_change_its_type(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        const string Insert = "INSERT INTO gateways (team, name, flavour) VALUES ($team, $name || '$team', $flavour) ON CONFLICT (team, name) DO UPDATE SET flavour = $flavour";
        Team(database, "t");
        // Often enough that PostgreSQL prepares it.
        for (var i = 0; i < 8; i++)
            database.Execute(Insert, ("$flavour", i % 2 == 0 ? "xai" : null), ("$team", "t"), ("$name", i % 3 == 0 ? "" : "n"));
        Assert.Equal([("$team", "xai"), ("n$team", null)], database.Query("SELECT name, flavour FROM gateways ORDER BY name", row => (row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1))));
        Assert.Throws<InvalidOperationException>(() => database.Execute("DELETE FROM gateways WHERE team = $team", ("$name", "t")));
        Assert.Throws<InvalidOperationException>(() => database.Execute("DELETE FROM gateways WHERE team = $team"));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Numbers_are_64_bits_wide_truth_is_a_number_and_text_is_ordered_by_its_bytes(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'n', $created)", ("$id", "b"), ("$created", long.MaxValue));
        database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'n', $created)", ("$id", "B"), ("$created", true));
        database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'n', $created)", ("$id", "a"), ("$created", 7));
        Assert.Equal([("B", 1L), ("a", 7L), ("b", long.MaxValue)], database.Query("SELECT id, created FROM teams ORDER BY id", row => (row.GetString(0), row.GetInt64(1))));
        database.Execute("INSERT INTO api_keys (id, team, name, digest, redacted, created, modified, disabled) VALUES ('k', 'a', 'n', $digest, 'r', 1, 1, $disabled)",
            ("$digest", new byte[] { 0, 255 }), ("$disabled", false));
        Assert.Equal([0, 255], Assert.Single(database.Query("SELECT digest FROM api_keys WHERE disabled = 0", row => row.GetFieldValue<byte[]>(0))));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Work_on_the_writers_thread_is_done_in_order_and_readers_see_it(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        await using var database = test.OpenLedger();
        var done = Enumerable.Range(0, 50).Select(i => database.RunAsync(session => session.Transact(() =>
        {
            var before = session.Query("SELECT count(*) FROM teams", row => row.GetInt64(0))[0];
            session.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'n', 1)", ("$id", $"{i:00}"));
            return before;
        }))).ToList();
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (long)i), await Task.WhenAll(done).Soon());
        var counts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => database.ReadAsync(session => session.Query("SELECT id FROM teams", row => row.GetString(0)).Count))).Soon();
        Assert.All(counts, count => Assert.Equal(50, count));
        await Assert.ThrowsAsync<DatabaseConflictException>(() => database.RunAsync(session => session.Execute("INSERT INTO teams (id, name, created) VALUES ('00', 'n', 1)")));
    }

    private static int Team(LedgerDatabase database, string id) => database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'n', 1)", ("$id", id));

    private static List<string> Teams(LedgerDatabase database) => database.Query("SELECT id FROM teams ORDER BY id", row => row.GetString(0));
}
