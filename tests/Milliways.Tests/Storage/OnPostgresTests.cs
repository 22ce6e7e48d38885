using Milliways.Tests.Api;
using Milliways.Tests.Keys;
using Milliways.Tests.Support;

namespace Milliways.Tests.Storage;

// The suites of everything that is stored, once more with every server's data in PostgreSQL.

public sealed class StoredResponsesOnPostgresTests : StoredResponseTests
{
    public StoredResponsesOnPostgresTests() => TestServer.On.Value = Backend.Postgres;

    [Fact]
    public async Task The_data_is_in_postgres_and_in_no_file()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Empty(Directory.GetFiles(server.Data, "*.db", SearchOption.AllDirectories));
        using var database = server.OpenLedger();
        Assert.Equal(server.Account, Assert.Single(database.Query("SELECT id FROM teams", row => row.GetString(0))));
    }
}

public sealed class BackgroundResponsesOnPostgresTests : BackgroundResponseTests
{
    public BackgroundResponsesOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class DeferredOnPostgresTests : DeferredTests
{
    public DeferredOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class GatewaysOnPostgresTests : Gateway.GatewayCommandsTests
{
    public GatewaysOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class FlavoursOnPostgresTests : FlavourTests
{
    public FlavoursOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class KeysOnPostgresTests : KeyTests
{
    public KeysOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class KeyLifeOnPostgresTests : Milliways.Tests.Keys.KeyLifeTests
{
    public KeyLifeOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class MembersOnPostgresTests : Milliways.Tests.Teams.MemberTests
{
    public MembersOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class ManagementApiOnPostgresTests : Milliways.Tests.Management.ManagementApiTests
{
    public ManagementApiOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class InvoicesOnPostgresTests : Milliways.Tests.Billing.InvoiceTests
{
    public InvoicesOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class BillingApiOnPostgresTests : Milliways.Tests.Management.BillingApiTests
{
    public BillingApiOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}

public sealed class LimitSlotsOnPostgresTests : Milliways.Tests.Limits.LimitSlotsTests
{
    public LimitSlotsOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}
