using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Storage;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class LedgerDatabaseTests
{
    [Fact]
    public void Migrations_take_an_empty_file_to_todays_schema_and_can_be_run_again()
    {
        using var directory = new TempDirectory();
        for (var i = 0; i < 2; i++)
            using (var database = LedgerDatabase.Open(directory["ledger.db"]))
            {
                Assert.Equal(Schema.Ledger.Latest, database.Query("PRAGMA user_version", row => row.GetInt32(0))[0]);
                Assert.Equal(["api_keys", "audit", "counters", "gateways", "invitations", "management_keys", "members", "old_key_texts", "teams", "users"], database.Query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", row => row.GetString(0)));
                Assert.Equal("wal", database.Query("PRAGMA journal_mode", row => row.GetString(0))[0]);
                Assert.Equal(2, database.Query("PRAGMA synchronous", row => row.GetInt32(0))[0]);
            }
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory["ledger.db"]));
    }

    [Fact]
    public void A_transaction_that_throws_leaves_nothing()
    {
        using var directory = new TempDirectory();
        using var database = LedgerDatabase.Open(directory["ledger.db"]);
        Assert.Throws<InvalidOperationException>(() => database.Transact(() =>
        {
            database.Execute("INSERT INTO teams (id, name, created) VALUES ('a', 'n', 1)");
            throw new InvalidOperationException();
        }));
        Assert.Empty(database.Query("SELECT id FROM teams", row => row.GetString(0)));
    }
}
