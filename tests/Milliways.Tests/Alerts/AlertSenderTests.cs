using Microsoft.Extensions.Logging.Abstractions;
using Milliways.Alerts;
using Milliways.Credits;
using Milliways.Hosting.Configuration;
using Milliways.Routing.Order;
using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Alerts;

/// <summary>The sender over a real database and a real receiver, without a server around it.</summary>
public sealed class AlertSenderTests
{
    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task What_a_server_had_claimed_when_it_died_is_delivered_by_another_one_after_the_lease_with_the_same_id(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        await using var receiver = await AlertReceiver.StartAsync();
        var clock = new ManualTime();
        await using var database = test.OpenLedger();
        var alert = Add(database, receiver, clock, "one");
        var due = Assert.Single(database.Run(session => AlertBook.FindDue(session, clock.GetUtcNow(), 10)));
        Assert.True(database.Run(session => AlertBook.TryClaim(session, due, clock.GetUtcNow())));
        Assert.False(database.Run(session => AlertBook.TryClaim(session, due, clock.GetUtcNow())));
        // ... and nothing more is heard of that server.
        receiver.Clock = clock;
        await using var sender = Sender(database, receiver, clock);
        var arrival = receiver.NextAsync();
        await clock.RunUntilAsync(arrival, TimeSpan.FromMilliseconds(500));
        Assert.Equal(alert.Id, (await arrival).Id);
        Assert.True((await arrival).At >= AlertBook.Lease);
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Two_servers_on_one_database_send_each_of_fifty_alerts_once(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        await using var receiver = await AlertReceiver.StartAsync();
        var clock = new ManualTime();
        await using var one = test.OpenLedger();
        await using var other = test.OpenLedger();
        var ids = Enumerable.Range(0, 50).Select(i => Add(one, receiver, clock, $"occasion {i}").Id).ToList();
        await using (Sender(one, receiver, clock))
        await using (Sender(other, receiver, clock))
            await Alerted.UntilAsync(async () => (await one.ReadAsync(session => AlertBook.List(session, null, 100))).All(alert => alert.Deliveries[0].State == "delivered")).Soon();
        Assert.Equal(ids.Order(StringComparer.Ordinal), receiver.Received.Select(alert => alert.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task After_eight_tries_in_about_eighteen_hours_an_alert_is_given_up_and_the_log_says_so()
    {
        using var test = await TestDatabase.CreateAsync(Backend.Files);
        var receiver = await AlertReceiver.StartAsync();
        var (clock, log) = (new ManualTime(), new ListLog<AlertSender>());
        await using var database = test.OpenLedger();
        var alert = Add(database, receiver, clock, "one");
        await using var sender = Sender(database, receiver, clock, log);
        await receiver.DisposeAsync(); // from now on nobody is there
        var givenUp = StateAsync(database, "failed");
        var took = await clock.RunUntilAsync(givenUp, TimeSpan.FromMinutes(5));
        var delivery = await givenUp;
        Assert.Equal(8, delivery.Attempts);
        Assert.InRange(took, 0.79 * TimeSpan.FromHours(17.6), 1.3 * TimeSpan.FromHours(17.6));
        Assert.Contains(log.Lines, line => line.Contains(alert.Id, StringComparison.Ordinal) && line.Contains("given up after 8 tries", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_event_and_its_deliveries_are_kept_whole_or_not_at_all()
    {
        using var test = await TestDatabase.CreateAsync(Backend.Files);
        await using var database = test.OpenLedger();
        var (clock, sighting) = (new ManualTime(), new Sighting(AlertTypes.CreditLow, null, "one", new AlertData("...")));
        var alert = Alert.Of(sighting, clock.GetUtcNow());
        // The second target fails: a delivery may not stand there twice.
        Assert.ThrowsAny<Exception>(() => database.Run(session => AlertBook.Add(session, sighting, alert, clock.GetUtcNow(), ["webhook:a", "webhook:a"])));
        Assert.Empty(database.Run(session => AlertBook.List(session, null, 10)));
        Assert.True(database.Run(session => AlertBook.Add(session, sighting, alert, clock.GetUtcNow(), ["webhook:a"])));
        Assert.False(database.Run(session => AlertBook.Add(session, sighting, Alert.Of(sighting, clock.GetUtcNow()), clock.GetUtcNow(), ["webhook:a"])));
    }

    [Fact]
    public async Task A_target_gets_the_types_that_it_chose_or_all()
    {
        using var test = await TestDatabase.CreateAsync(Backend.Files);
        await using var database = test.OpenLedger();
        var config = new AlertsConfig
        {
            Webhooks = [new("https://all.example.org/a"), new("https://low.example.org/a") { Events = [AlertTypes.CreditLow] }],
            Smtp = new("h", 25, SmtpTls.None) { To = ["ops@example.org"], Events = [AlertTypes.Overrun] },
        };
        IEnumerable<string> Of(string type) => database.Run(session => AlertTargets.Of(session, config, new Sighting(type, Guid.CreateVersion7(), "", new AlertData("")))).Select(target => target.Split('/')[0]);
        Assert.Equal(["webhook:all.example.org", "webhook:low.example.org"], Of(AlertTypes.CreditLow));
        Assert.Equal(["webhook:all.example.org", "mail:ops@example.org"], Of(AlertTypes.Overrun));
        Assert.Equal(["webhook:all.example.org"], Of(AlertTypes.SoftLimit));
    }

    [Fact]
    public void What_others_name_or_say_is_one_line_of_bounded_length()
    {
        Assert.Equal("a  b c", AlertText.Line("a\r\nb\u2028c\u0007"));
        Assert.Equal(499, AlertText.Line(new string('x', 499) + "\U0001F600").Length);
    }

    [Fact]
    public async Task A_clock_that_was_a_month_ahead_delays_nothing_when_it_is_put_back()
    {
        using var test = await TestDatabase.CreateAsync(Backend.Files);
        await using var receiver = await AlertReceiver.StartAsync();
        var (ahead, clock) = (new ManualTime(), new ManualTime());
        ahead.Jump(TimeSpan.FromDays(31));
        await using var database = test.OpenLedger();
        var alert = Add(database, receiver, ahead, "one");
        await using var sender = Sender(database, receiver, clock);
        Assert.Equal(alert.Id, (await receiver.NextAsync().Soon()).Id);
    }

    [Fact]
    public void Refusals_beyond_the_queues_bound_are_lost_and_counted_and_what_was_lost_can_come_again()
    {
        var queue = new RefusalQueue(new ConfigState(new MilliwaysConfig { Alerts = new AlertsConfig() }), new ManualTime());
        var teams = Enumerable.Range(0, RefusalQueue.Most + 5).Select(_ => Guid.CreateVersion7()).ToList();
        foreach (var team in teams)
            for (var i = 0; i < 3; i++)
                queue.Refused(new Payer(team, team, null, null), HoldRefusal.Credits);
        Assert.Equal(5 * 3, queue.Lost);
        var queued = new List<Guid>();
        while (queue.Reader.TryRead(out var refused))
            queued.Add(refused.Payer.Team);
        Assert.Equal(teams[..RefusalQueue.Most], queued);
        queue.Refused(new Payer(teams[^1], teams[^1], null, null), HoldRefusal.Credits);
        Assert.True(queue.Reader.TryRead(out _));
    }

    [Fact]
    public void Nothing_is_queued_when_nobody_listens_and_none_of_it_allocates()
    {
        var queue = new RefusalQueue(new ConfigState(new MilliwaysConfig()), new ManualTime());
        var payer = new Payer(Guid.CreateVersion7(), Guid.CreateVersion7(), null, "default");
        queue.Refused(payer, HoldRefusal.Credits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            queue.Refused(payer, HoldRefusal.Credits);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.False(queue.Reader.TryRead(out _));
    }

    private static ConfigState Config(AlertReceiver receiver) => new(new MilliwaysConfig { Alerts = new AlertsConfig { Webhooks = [Webhook(receiver)] } });

    private static WebhookConfig Webhook(AlertReceiver receiver) => new(receiver.Url) { Secret = new byte[32] };

    private static Alert Add(LedgerDatabase database, AlertReceiver receiver, ManualTime clock, string occasion)
    {
        var sighting = new Sighting(AlertTypes.CreditLow, null, occasion, new AlertData(occasion));
        var alert = Alert.Of(sighting, clock.GetUtcNow());
        Assert.True(database.Run(session => AlertBook.Add(session, sighting, alert, clock.GetUtcNow(), [AlertTargets.NameOf(Webhook(receiver))])));
        return alert;
    }

    private static async Task<DeliveryShown> StateAsync(LedgerDatabase database, string state)
    {
        while (true)
        {
            if ((await database.ReadAsync(session => AlertBook.List(session, null, 10)))[0].Deliveries[0] is var delivery && delivery.State == state)
                return delivery;
            await Task.Yield();
        }
    }

    private static Running Sender(LedgerDatabase database, AlertReceiver receiver, ManualTime clock, ListLog<AlertSender>? log = null)
    {
        var config = Config(receiver);
        var webhooks = new WebhookClient(clock, _ => null);
        var sender = new AlertSender(new AlertDesk(database, config, clock, NullLogger<AlertDesk>.Instance), new AlertCourier(webhooks, new MailClient(clock), config), database, new Lots(1), clock, log ?? new ListLog<AlertSender>());
        return new Running(sender, sender.StartAsync(default), webhooks);
    }

    private sealed class Running(AlertSender sender, Task started, WebhookClient webhooks) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await started;
            await sender.StopAsync(default);
            sender.Dispose();
            webhooks.Dispose();
        }
    }
}
