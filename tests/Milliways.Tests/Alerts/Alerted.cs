using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Milliways.Alerts;
using Milliways.Credits;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Hosting.Admin;
using Milliways.Storage;
using Milliways.Teams;
using Milliways.Tests.Billing;
using Milliways.Tests.Support;

namespace Milliways.Tests.Alerts;

/// <summary>A governed server with a webhook, a clock that stands still, and no monthly grant.</summary>
internal sealed class Alerted(TestServer server, ManualTime clock, AlertReceiver receiver) : IAsyncDisposable
{
    public const long Dollar = Money.TicksPerDollar;

    private static int _last;

    public TestServer Server => server;

    public ManualTime Clock => clock;

    public AlertReceiver Receiver => receiver;

    public CreditCommands Credits => server.Service<CreditCommands>();

    public Guid Team => server.Server.Team.Id;

    /// <param name="alerts">Further members of <c>alerts</c>, beginning with a comma.</param>
    /// <param name="more">Further members of the configuration, beginning with a comma.</param>
    public static async Task<Alerted> StartAsync(string alerts = "", string more = "", Action<IServiceCollection>? services = null)
    {
        var (clock, receiver) = (new ManualTime(), await AlertReceiver.StartAsync());
        (receiver.Clock, receiver.IsOnceAnId) = (clock, true);
        return new Alerted(await TestServer.StartAsync(
            $$"""
            { "credits": { "monthlyGrant": null },
              "alerts": { "webhooks": [ { "url": "{{receiver.Url}}", "secret": "{{AlertReceiver.Secret}}" } ] {{alerts}} } {{more}} }
            """, clock, governance: true, more: services), clock, receiver);
    }

    public Task GrantAsync(long ticks, DateTimeOffset? expires = null) => Credits.GrantAsync(OperatorActor.Instance, server.Account, ticks, expires, "test", default);

    public Task LimitAsync(string? gateway, long? soft, long? hard) => Credits.SetSpendingLimitAsync(OperatorActor.Instance, server.Account, gateway, new(soft, hard), default);

    /// <summary>A charge that is in the books.</summary>
    public async Task SpendAsync(long held, long? cost = null, string? gateway = null)
    {
        var ledger = server.Service<ILedger>();
        var payer = new Payer(Team, server.Service<Milliways.Keys.KeyStore>().All()[0].Id, null, gateway);
        var request = string.Create(CultureInfo.InvariantCulture, $"alerted-{Interlocked.Increment(ref _last)}");
        var hold = await ledger.HeldAsync(payer, request, held);
        await ledger.SettleAsync(hold, new Charge
        {
            RequestId = request, Payer = payer, Time = clock.GetUtcNow(), Model = "m", Upstream = "lab/m", Source = UsageSource.Reported, Ending = Ending.Completed,
            Cost = cost ?? held, Usage = new ChatUsage(1, 0, 0, 1, 0),
        });
        await server.Service<Bookkeeping>().Folder.CatchUpAsync(default);
    }

    /// <summary>Lets the clock run until so many have arrived since the last time this was asked.</summary>
    public async Task<IReadOnlyList<ReceivedAlert>> ArriveAsync(int count = 1)
    {
        var arrived = Task.WhenAll(Enumerable.Range(0, count).Select(_ => receiver.NextAsync()));
        await RunAsync(arrived);
        return await arrived;
    }

    /// <summary>Lets the clock run until nothing is on its way any more.</summary>
    public Task DeliveredAsync() => RunAsync(UntilAsync(async () => (await ListAsync()).Alerts.All(alert => alert.Deliveries.All(one => one.State == "delivered"))));

    /// <summary>In small steps: a delivery on its way must not find its time over because the clock runs faster than the machine.</summary>
    private Task RunAsync(Task done) => clock.RunUntilAsync(done, TimeSpan.FromMilliseconds(100), async () => await OnTheirWayAsync() <= receiver.Unanswered);

    private Task<long> OnTheirWayAsync() => server.Service<LedgerDatabase>().ReadAsync(session =>
        session.Query("SELECT count(*) FROM alert_deliveries WHERE state = 'waiting' AND claimed > $now", row => row.GetInt64(0), ("$now", clock.GetUtcNow().ToUnixTimeMilliseconds())).Single());

    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        while (!await holds())
            await Task.Yield();
    }

    public async Task<AlertList> ListAsync() => JsonSerializer.Deserialize(await AskAsync("alerts list", "{}"), AlertJson.Default.AlertList)!;

    public async Task<TestReport> TestAsync() => JsonSerializer.Deserialize(await AskAsync("alerts test", "{}"), AlertJson.Default.TestReport)!;

    /// <summary>As the command line does through the admin socket; its clock is the server's.</summary>
    private async Task<byte[]> AskAsync(string name, string request) => await server.Service<AdminCommands>().RunAsync(name, OperatorActor.Instance, Encoding.UTF8.GetBytes(request));

    /// <summary>Completes when a delivery is in a state that a test waits for, which nothing but the database tells.</summary>
    public async Task<DeliveryShown> DeliveryAsync(Func<DeliveryShown, bool> fits)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            var all = (await ListAsync()).Alerts.SelectMany(alert => alert.Deliveries).ToList();
            if (all.Find(one => fits(one)) is { } found)
                return found;
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience.Limit, string.Join('\n', all));
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await receiver.DisposeAsync();
    }
}
