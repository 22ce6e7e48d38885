using System.Text;
using System.Text.Json;
using Milliways.Hosting;
using Milliways.Hosting.Admin;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

public sealed class PricePercentTests
{
    [Fact]
    public async Task A_teams_percentage_counts_from_the_next_request_on_and_its_change_is_in_the_audit_log()
    {
        await using var credited = await Credited.StartAsync(10 * Milliways.Credits.Money.TicksPerDollar);
        async Task<long> Cost() => long.Parse((await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("priced"))).Header("x-milliways-cost-ticks")!, null);
        var full = await Cost();
        Assert.True(full > 0);
        var set = JsonDocument.Parse(await AdminDoor.AskAsync(Path.Combine(credited.Server.Data, "data"), "teams set", Encoding.UTF8.GetBytes("""{"price_percent":50}"""))).RootElement;
        Assert.Equal(50, set.GetProperty("price_percent").GetInt32());
        Assert.Equal(full / 2, await Cost());
        Assert.Contains(credited.Server.Service<AuditLog>().List(credited.Team, 10, null), entry => entry.Action == "teams.set-price" && entry.After!.Contains("50", StringComparison.Ordinal));
        foreach (var wrong in new[] { "-1", "1001", "null" })
            Assert.Contains("price-percent", (await Assert.ThrowsAsync<UserErrorException>(() => AdminDoor.AskAsync(
                Path.Combine(credited.Server.Data, "data"), "teams set", Encoding.UTF8.GetBytes($$"""{"price_percent":{{wrong}}}""")))).Message, StringComparison.Ordinal);
    }
}
