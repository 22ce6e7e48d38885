using System.Text;
using Milliways.Alerts;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Support;
using StandardWebhooks;

namespace Milliways.Tests.Alerts;

/// <summary>From what happens to what is told, in a whole server. Its clock begins with 2025.</summary>
public class AlertTests
{
    private const long Dollar = Alerted.Dollar;

    [Fact]
    public async Task What_the_books_say_is_told_once_for_each_occasion_whatever_the_restarts()
    {
        await using var alerted = await Alerted.StartAsync(""", "expiring": "7d" """);
        await alerted.GrantAsync(10 * Dollar, expires: alerted.Clock.GetUtcNow().AddDays(8));
        alerted.Server.Service<KeyCommands>().Change(OperatorActor.Instance, alerted.Server.Service<KeyStore>().All()[0].Id.ToString("D"), key => key with { Budget = 5 * Dollar });
        await alerted.LimitAsync(null, soft: 2 * Dollar, hard: null);
        await alerted.LimitAsync("default", soft: Dollar, hard: null);
        await alerted.SpendAsync(3 * Dollar / 2, gateway: "default");
        var gateway = Assert.Single(await alerted.ArriveAsync());
        Assert.Equal(("spending.soft_limit", "default", Dollar, 3 * Dollar / 2, "2025-01", alerted.Server.Account),
            (gateway.Type, Data(gateway).GetProperty("gateway").GetString(), Data(gateway).GetProperty("limit_ticks").GetInt64(), Data(gateway).GetProperty("spent_ticks").GetInt64(),
                Data(gateway).GetProperty("month").GetString(), gateway.Json.GetProperty("team").GetString()));

        await alerted.SpendAsync(3 * Dollar);
        var passed = await alerted.ArriveAsync(2);
        Assert.Equal(["key_budget.threshold", "spending.soft_limit"], passed.Select(alert => alert.Type).Order(StringComparer.Ordinal));
        Assert.Equal(80, Data(passed.Single(alert => alert.Type == "key_budget.threshold")).GetProperty("percent").GetInt32());
        await alerted.DeliveredAsync(); // or the restart would send it again
        await alerted.Server.RestartAsync();

        await alerted.SpendAsync(held: Dollar, cost: 5 * Dollar / 4);
        var more = await alerted.ArriveAsync(2);
        Assert.Equal(["key_budget.threshold", "operator.overrun"], more.Select(alert => alert.Type).Order(StringComparer.Ordinal));
        Assert.Equal(Dollar / 4, Data(more.Single(alert => alert.Type == "operator.overrun")).GetProperty("overrun_ticks").GetInt64());
        Assert.Equal(100, Data(more.Single(alert => alert.Type == "key_budget.threshold")).GetProperty("percent").GetInt32());

        await alerted.SpendAsync(4 * Dollar);
        Assert.Equal("credit.low", Assert.Single(await alerted.ArriveAsync()).Type);
        await alerted.SpendAsync(Dollar / 4);
        await alerted.SpendAsync(Dollar / 4);
        Assert.Equal("credit.exhausted", Assert.Single(await alerted.ArriveAsync()).Type);
        await alerted.DeliveredAsync();
        await alerted.Server.RestartAsync();

        // A new grant begins a new occasion of the same kind; nothing else comes again before it, though everything is looked at.
        await alerted.GrantAsync(Dollar, expires: alerted.Clock.GetUtcNow().AddDays(7));
        Assert.Equal("credit.expiring", Assert.Single(await alerted.ArriveAsync()).Type);
        await alerted.SpendAsync(Dollar);
        Assert.Equal("credit.exhausted", Assert.Single(await alerted.ArriveAsync()).Type);
        Assert.Equal(9, alerted.Receiver.Types.Count);
        await alerted.DeliveredAsync();
    }

    [Fact]
    public async Task A_new_month_and_a_changed_limit_begin_new_occasions()
    {
        await using var alerted = await Alerted.StartAsync();
        await alerted.GrantAsync(100 * Dollar);
        await alerted.LimitAsync(null, soft: Dollar, hard: null);
        await alerted.SpendAsync(2 * Dollar);
        Assert.Equal("2025-01", Data(Assert.Single(await alerted.ArriveAsync())).GetProperty("month").GetString());
        // So does another limit; it is looked at though nothing is charged meanwhile.
        await alerted.LimitAsync(null, soft: 3 * Dollar / 2, hard: null);
        Assert.Equal(("2025-01", 3 * Dollar / 2), Data(Assert.Single(await alerted.ArriveAsync())) is var raised ? (raised.GetProperty("month").GetString(), raised.GetProperty("limit_ticks").GetInt64()) : default);
        alerted.Clock.Jump(TimeSpan.FromDays(31));
        await alerted.SpendAsync(2 * Dollar);
        Assert.Equal("2025-02", Data(Assert.Single(await alerted.ArriveAsync())).GetProperty("month").GetString());
        Assert.Equal(3, (await alerted.ListAsync()).Alerts.Count);
    }

    [Fact]
    public async Task The_first_refusal_for_moneys_sake_is_told_and_no_other_of_its_kind()
    {
        await using var lab = new FakeUpstream();
        await using var alerted = await Alerted.StartAsync(more:
            $$"""
            , "upstreams": { "lab": {{TestServer.Lab(lab)}} },
              "models": { "output-only": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "15" } } }
            """);
        await alerted.GrantAsync(100 * 150_000);
        var server = alerted.Server;
        Task<Answer> AskAsync(string path, string model = "output-only") => server.PostAsync(path, Answers.Ask(model, more: ",\"max_tokens\":200"));
        async Task<ReceivedAlert> RefusedAsync(int status, string path, string model = "output-only")
        {
            alerted.Clock.Advance(TimeSpan.FromSeconds(1)); // what came in with it is another occasion than what is refused after it
            Assert.Equal(status, (await AskAsync(path, model)).Status);
            Assert.Equal(status, (await AskAsync(path, model)).Status);
            var told = Assert.Single(await alerted.ArriveAsync());
            await alerted.DeliveredAsync();
            alerted.Clock.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(status, (await AskAsync(path, model)).Status);
            return told;
        }

        Assert.Equal("credit.exhausted", (await RefusedAsync(403, "/v1/chat/completions")).Type);
        await alerted.GrantAsync(10_000 * 150_000);
        await alerted.LimitAsync("default", soft: null, hard: 100 * 150_000);
        var gateway = await RefusedAsync(429, server.Gateway + "/compat/chat/completions");
        Assert.Equal(("spending.hard_limit", "default"), (gateway.Type, Data(gateway).GetProperty("gateway").GetString()));
        await alerted.LimitAsync(null, soft: null, hard: 100 * 150_000);
        Assert.Equal("spending.hard_limit", (await RefusedAsync(403, "/v1/chat/completions")).Type);
        await alerted.LimitAsync(null, soft: null, hard: null);
        server.Service<KeyCommands>().Change(OperatorActor.Instance, server.Service<KeyStore>().All()[0].Id.ToString("D"), key => key with { Budget = 100 * 150_000 });
        Assert.Equal("key_budget.exhausted", (await RefusedAsync(403, "/v1/chat/completions")).Type);
        var unpriced = await RefusedAsync(403, "/v1/chat/completions", "lab/alpha");
        Assert.Equal(("model.unpriced", "lab", false), (unpriced.Type, Data(unpriced).GetProperty("upstream").GetString(), unpriced.Json.TryGetProperty("team", out _)));
        Assert.Equal(5, (await alerted.ListAsync()).Alerts.Count);
    }

    [Fact]
    public async Task A_delivery_is_tried_again_with_growing_waits_the_same_id_and_the_same_signed_body()
    {
        await using var alerted = await Alerted.StartAsync();
        (alerted.Receiver.Status, alerted.Receiver.IsOnceAnId) = (500, false);
        await alerted.GrantAsync(100 * Dollar);
        await alerted.LimitAsync(null, soft: Dollar, hard: null);
        await alerted.SpendAsync(2 * Dollar);
        var tries = new List<ReceivedAlert>(await alerted.ArriveAsync());
        foreach (var (wait, status, error) in new[] { (TimeSpan.FromSeconds(10), 500, "It answered 500"), (TimeSpan.FromMinutes(1), 302, "It answered 302: redirects are not followed"), (TimeSpan.FromMinutes(5), 200, null) })
        {
            var waiting = await alerted.DeliveryAsync(one => one.Attempts == tries.Count);
            var due = DateTimeOffset.Parse(waiting.Due!, System.Globalization.CultureInfo.InvariantCulture) - alerted.Clock.GetUtcNow();
            Assert.InRange(due, 0.79 * wait, 1.21 * wait);
            Assert.Equal("waiting", waiting.State);
            if (tries.Count > 1)
                Assert.Equal(error is null ? "It answered 302: redirects are not followed" : "It answered 500", waiting.Error);
            alerted.Receiver.Status = status;
            alerted.Clock.Advance(due - TimeSpan.FromSeconds(3));
            tries.AddRange(await alerted.ArriveAsync());
        }
        await alerted.DeliveryAsync(one => one is { State: "delivered", Attempts: 4, Error: null });
        Assert.Equal(4, tries.Count);
        var verifier = new StandardWebhook(AlertReceiver.Secret);
        foreach (var one in tries)
        {
            Assert.Equal((tries[0].Id, tries[0].Text, "application/json", tries[0].Id), (one.Id, one.Text, one.ContentType, one.Json.GetProperty("id").GetString()));
            Assert.Equal(verifier.Sign(one.Id, DateTimeOffset.FromUnixTimeSeconds(long.Parse(one.Timestamp, System.Globalization.CultureInfo.InvariantCulture)), one.Text), one.Signature);
        }
        Assert.Equal(4, tries.Select(one => one.Timestamp).Distinct().Count());
    }

    [Fact]
    public async Task A_receiver_that_answers_410_gets_nothing_more_until_a_test_of_it_succeeds()
    {
        await using var alerted = await Alerted.StartAsync();
        alerted.Receiver.Status = 410;
        await alerted.GrantAsync(100 * Dollar);
        await alerted.LimitAsync(null, soft: Dollar, hard: null);
        await alerted.SpendAsync(2 * Dollar);
        await alerted.ArriveAsync();
        var off = await alerted.DeliveryAsync(one => one.State == "off");
        Assert.Equal([off.Target], (await alerted.ListAsync()).Off);
        Assert.StartsWith("webhook:127.0.0.1:", off.Target, StringComparison.Ordinal);
        await alerted.LimitAsync("default", soft: Dollar, hard: null);
        await alerted.SpendAsync(2 * Dollar, gateway: "default");
        await alerted.Clock.RunUntilAsync(Alerted.UntilAsync(async () => (await alerted.ListAsync()).Alerts.Count == 2), TimeSpan.FromMilliseconds(100));
        Assert.Equal(["off", "off"], (await alerted.ListAsync()).Alerts.SelectMany(alert => alert.Deliveries).Select(delivery => delivery.State));
        Assert.False((await alerted.TestAsync()).Ok);

        alerted.Receiver.Status = 204;
        var report = await alerted.TestAsync();
        Assert.Equal((true, off.Target), (report.Ok, Assert.Single(report.Results).Target));
        Assert.Empty((await alerted.ListAsync()).Off);
        await alerted.LimitAsync("default", soft: null, hard: null);
        await alerted.SpendAsync(10 * Dollar, cost: 11 * Dollar);
        Assert.Equal("operator.overrun", (await alerted.ArriveAsync(3))[^1].Type);
        Assert.Equal(["spending.soft_limit", "alert.test", "alert.test", "operator.overrun"], alerted.Receiver.Types);
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_slows_no_answer_and_is_left_after_ten_seconds()
    {
        var never = new TaskCompletionSource();
        await using var lab = new FakeUpstream();
        await using var alerted = await Alerted.StartAsync(more: $$""", "upstreams": { "lab": {{TestServer.Lab(lab)}} }, "models": { "free": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "0" } } }""");
        alerted.Receiver.Open = never.Task;
        await alerted.GrantAsync(100 * Dollar);
        await alerted.LimitAsync(null, soft: Dollar, hard: null);
        await alerted.SpendAsync(2 * Dollar);
        await alerted.ArriveAsync();
        // It hangs now, and the clock stands still, so its time is not over.
        for (var i = 0; i < 20; i++)
            Assert.Equal(200, (await alerted.Server.PostAsync("/v1/chat/completions", Answers.Ask("free"))).Status);
        Assert.Equal(("waiting", 0), (await alerted.ListAsync()).Alerts[0].Deliveries[0] is var waiting ? (waiting.State, waiting.Attempts) : default);
        alerted.Clock.Advance(WebhookClient.Limit);
        var failed = await alerted.DeliveryAsync(one => one.Attempts == 1);
        Assert.Equal("It did not answer within 10 s", failed.Error);
        never.SetResult();
    }

    [Fact]
    public void The_signature_is_that_of_the_standards_own_example() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookClient.Signature(Convert.FromBase64String(AlertReceiver.Secret[6..]), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", Encoding.UTF8.GetBytes("""{"test": 2432232314}""")));

    private static System.Text.Json.JsonElement Data(ReceivedAlert alert) => alert.Json.GetProperty("data");
}

public sealed class AlertsOnPostgresTests : AlertTests
{
    public AlertsOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}
