using System.Text;
using System.Text.Json;
using Milliways.Credits;
using Milliways.Hosting.Admin;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Billing;

/// <summary>Invoices by the operations of the command line, through the admin socket of a server on files.</summary>
public sealed class InvoiceCommandLineTests
{
    [Fact]
    public async Task The_command_line_makes_lists_and_shows()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(InvoiceTests.Config, clock);
        await server.Service<CreditCommands>().GrantAsync(OperatorActor.Instance, server.Account, Money.TicksPerDollar, null, "", default);
        clock.Jump(TimeSpan.FromDays(31));
        var data = Path.Combine(server.Data, "data");
        async Task<JsonElement> Ask(string name, string request) => JsonDocument.Parse(await AdminDoor.AskAsync(data, name, Encoding.UTF8.GetBytes(request))).RootElement;
        Assert.Equal("MW-000001", (await Ask("invoices make", """{"month":"2025-01"}""")).GetProperty("invoices")[0].GetProperty("number").GetString());
        Assert.Equal(1, (await Ask("invoices list", "{}")).GetProperty("invoices").GetArrayLength());
        Assert.Equal(("USD", Money.TicksPerDollar), (await Ask("invoices show", """{"number":"MW-000001"}""") is var shown ? shown.GetProperty("currency").GetString() : null, shown.GetProperty("closing_ticks").GetInt64()));
    }
}
