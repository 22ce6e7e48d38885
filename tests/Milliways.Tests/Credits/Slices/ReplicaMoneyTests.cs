using System.Collections.Concurrent;
using System.Text.Json;
using Milliways.Credits;
using Milliways.Hosting.Admin;
using Milliways.Storage;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits.Slices;

/// <summary>Servers that die, pause and lose the database while they share a team's money; and commands beside them.</summary>
public sealed class ReplicaMoneyTests
{
    private static readonly Actor Me = OperatorActor.Instance;

    [Fact]
    public async Task What_a_dead_server_had_is_back_within_thirty_seconds_and_its_late_charge_costs_what_is_free_then()
    {
        var (dead, living) = (new ManualTime(), new ManualTime());
        var clocks = new Queue<TimeProvider>([living, dead]);
        await using var replicated = await Replicated.StartAsync(100, servers: 2, clock: clocks.Dequeue);
        var (first, second) = (replicated.First, replicated.Servers[1]);
        var lost = (await replicated.HoldAsync(second, 60)).Hold!;
        Assert.Equal((100, 60, 40), Numbers(await replicated.ShowAsync()));

        // From here on it says nothing any more; the database's own clock is real.
        await SilenceAsync(first, second.Service<Epochs>().Current);
        var took = await replicated.RunAsync(living, async () => (await replicated.ShowAsync()).HeldTicks == 0);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        var hold = (await replicated.HoldAsync(first, 100)).Hold!;
        Assert.Equal(70, await replicated.SettleAsync(first, hold, 70));
        await replicated.RunAsync(living, async () => (await replicated.ShowAsync()) is { HeldTicks: 0, BalanceTicks: 30 });

        // It was only asleep, and tells its caller what it cost; the team pays what it has.
        Assert.Equal(60, await replicated.SettleAsync(second, lost, 60));
        await replicated.FoldedAsync();
        var statement = await replicated.StatementAsync();
        Assert.Equal([-70, -30], statement.Entries.Where(entry => entry.Kind == "charge").Select(entry => entry.AmountTicks));
        Assert.Equal(-30, statement.Postings!.Where(posting => posting.Account == "operator:overrun").Sum(posting => posting.AmountTicks));
        Assert.Equal((0, 0, 0), Numbers(await replicated.ShowAsync()));
        await replicated.CheckAsync();
    }

    [Fact]
    public async Task A_server_that_was_paused_past_its_lease_cannot_spend_what_was_given_to_others_meanwhile()
    {
        var (paused, living) = (new ManualTime(), new ManualTime());
        var clocks = new Queue<TimeProvider>([living, paused]);
        await using var replicated = await Replicated.StartAsync(100_000, servers: 2, clock: clocks.Dequeue);
        var (first, second) = (replicated.First, replicated.Servers[1]);
        // There is plenty, so that it has more than it needs.
        second.Service<ILedger>().Release((await replicated.HoldAsync(second, 10)).Hold!);
        var before = second.Service<Epochs>().Current;
        Assert.InRange((await replicated.ShowAsync()).HeldTicks, 1000, 50_000);

        await SilenceAsync(first, before);
        await replicated.RunAsync(living, async () => (await replicated.ShowAsync()).HeldTicks == 0);
        var all = (await replicated.HoldAsync(first, 100_000)).Hold!;
        paused.Jump(TimeSpan.FromSeconds(9));
        var refused = replicated.HoldAsync(second, 10);
        await replicated.RunAsync(paused, () => Task.FromResult(refused.IsCompleted));
        Assert.NotNull((await refused).Refusal);
        await replicated.RunAsync(paused, () => Task.FromResult(second.Service<Epochs>().Current > before));

        Assert.Equal(99_000, await replicated.SettleAsync(first, all, 99_000));
        await replicated.RunAsync(living, async () => (await replicated.ShowAsync()).HeldTicks == 0);
        var hold = replicated.HoldAsync(second, 1000);
        await replicated.RunAsync(paused, () => Task.FromResult(hold.IsCompleted));
        Assert.Equal(1000, await replicated.SettleAsync(second, (await hold).Hold!, 1000));
        await replicated.FoldedAsync();
        Assert.Equal(0, (await replicated.ShowAsync()).BalanceTicks);
        await replicated.CheckAsync();
    }

    /// <summary>The clocks stand still: nothing goes back because it was idle for long.</summary>
    [Fact]
    public async Task What_lies_idle_at_one_server_is_given_to_another_one_that_needs_it_at_once()
    {
        var (idle, needs) = (new ManualTime(), new ManualTime());
        var clocks = new Queue<TimeProvider>([needs, idle]);
        await using var replicated = await Replicated.StartAsync(100_000, servers: 2, clock: clocks.Dequeue);
        replicated.Servers[1].Service<ILedger>().Release((await replicated.HoldAsync(replicated.Servers[1], 10)).Hold!);
        Assert.InRange((await replicated.ShowAsync()).HeldTicks, 1000, 50_000);

        var all = replicated.HoldAsync(replicated.First, 100_000);
        await needs.RunUntilAsync(all, TimeSpan.FromMilliseconds(10));
        Assert.Equal(100_000, (await all).Hold?.Ticks);
    }

    [Fact]
    public async Task A_server_that_starts_again_on_its_directory_has_its_charges_and_gives_back_the_rest_at_once()
    {
        await using var replicated = await Replicated.StartAsync(100, servers: 2, clock: () => new ManualTime());
        var second = replicated.Servers[1];
        Assert.Equal(20, await replicated.SettleAsync(second, (await replicated.HoldAsync(second, 60)).Hold!, 20));
        Assert.NotNull((await replicated.HoldAsync(second, 30)).Hold);
        var epoch = second.Service<Epochs>().Current;

        await second.RestartAsync();

        Assert.True(second.Service<Epochs>().Current > epoch);
        await Until(async () => (await replicated.ShowAsync()) is { BalanceTicks: 80, AvailableTicks: 80 }).Soon();
        await replicated.CheckAsync();
    }

    [Fact]
    public async Task Commands_about_money_work_beside_living_servers_and_are_in_effect_at_once()
    {
        await using var replicated = await Replicated.StartAsync(0, servers: 2);
        async Task<JsonElement> Ask(string name, string request) =>
            JsonDocument.Parse(await AdminDoor.AskAsync(DatabaseAddress.Parse(replicated.Database, ""), name, System.Text.Encoding.UTF8.GetBytes(request))).RootElement;
        Assert.Equal(HoldRefusal.Credits, (await replicated.HoldAsync(replicated.First, 1)).Refusal);

        await Ask("credits grant", """{"amount_ticks":1000,"reason":"r"}""");
        var hold = (await replicated.HoldAsync(replicated.First, 900)).Hold!;
        await Ask("credits adjust", """{"amount_ticks":-300,"reason":"r"}""");
        // 100 were free; what is missing is paid when the rest comes back.
        var shown = await Ask("credits show", "{}");
        Assert.Equal((700, 200), (shown.GetProperty("balance_ticks").GetInt64(), shown.GetProperty("owed_ticks").GetInt64()));
        Assert.Equal(500, await replicated.SettleAsync(replicated.First, hold, 500));
        await Until(async () => (await Ask("credits show", "{}")) is var now && now.GetProperty("owed_ticks").GetInt64() == 0 && now.GetProperty("available_ticks").GetInt64() == 200).Soon();

        await Ask("credits postpaid", """{"ticks":50}""");
        Assert.NotNull((await replicated.HoldAsync(replicated.Servers[1], 250)).Hold);
        Assert.NotNull((await replicated.HoldAsync(replicated.First, 1)).Refusal);
        Assert.Equal([1000, -300, -500], (await Ask("credits statement", """{"limit":100}""")).GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("amount_ticks").GetInt64()));
        var check = await Ask("admin check", "{}");
        Assert.True(check.GetProperty("ok").GetBoolean(), check.ToString());
    }

    [Fact]
    public async Task A_limit_that_is_set_at_one_server_is_soon_kept_by_the_others()
    {
        await using var replicated = await Replicated.StartAsync(1_000_000, servers: 2);
        var second = replicated.Servers[1];
        second.Service<ILedger>().Release((await replicated.HoldAsync(second, 100)).Hold!);
        await replicated.Credits.SetSpendingLimitAsync(Me, replicated.First.Account, gateway: null, new(null, 50), CancellationToken.None);
        await Until(async () =>
        {
            var answer = await replicated.HoldAsync(second, 51);
            if (answer.Hold is { } hold)
                second.Service<ILedger>().Release(hold);
            return answer.Refusal == HoldRefusal.TeamLimit;
        }).Soon();
        Assert.NotNull((await replicated.HoldAsync(second, 50)).Hold);
    }

    /// <summary>Before there was no limit, or a higher one of which the server has a part; what it has of the credit is held or lies idle.</summary>
    [Fact]
    public async Task A_limit_that_is_set_at_one_server_is_kept_by_it_from_the_next_request_on()
    {
        var clock = new ManualTime();
        await using var replicated = await Replicated.StartAsync(1_000_000, servers: 1, clock: () => clock);
        var server = replicated.First;
        // What others would hear of is not heard here: it is the server's own change.
        await server.Service<LedgerDatabase>().RunAsync(session => session.Execute("ALTER TABLE spending_limits DISABLE TRIGGER spending_limits_changed") + session.Execute("ALTER TABLE wanted DISABLE TRIGGER wanted_changed"));
        for (var round = 0; round < 12; round++)
        {
            await LimitAsync(round % 2 == 0 ? null : 5000);
            var hold = (await replicated.HoldAsync(server, 100)).Hold!;
            if (round % 4 < 2)
                server.Service<ILedger>().Release(hold);
            await LimitAsync(99);
            server.Service<ILedger>().Release(hold);
            Assert.Equal((round, HoldRefusal.TeamLimit), (round, (await replicated.HoldAsync(server, 100)).Refusal));
            // So long it remembers that nothing may stay with it.
            var forgotten = clock.GetUtcNow().AddSeconds(6);
            await replicated.RunAsync(clock, () => Task.FromResult(clock.GetUtcNow() >= forgotten));
        }

        Task LimitAsync(long? hard) => replicated.Credits.SetSpendingLimitAsync(Me, server.Account, gateway: null, new(null, hard), CancellationToken.None);
    }

    [Fact]
    public async Task Open_holds_of_all_servers_are_seen_at_each_and_only_while_they_last()
    {
        var clock = new ManualTime();
        var clocks = new Queue<TimeProvider>([new ManualTime(), clock]);
        await using var replicated = await Replicated.StartAsync(100, servers: 2, clock: clocks.Dequeue);
        var hold = (await replicated.HoldAsync(replicated.Servers[1], 60)).Hold!;
        async Task<IReadOnlyList<HoldShown>> Holds() => (await replicated.Credits.HoldsAsync(Me, null, CancellationToken.None)).Holds;
        Assert.Empty(await Holds());
        await replicated.RunAsync(clock, async () => (await Holds()).Count > 0);
        var shown = Assert.Single(await Holds());
        Assert.Equal((hold.RequestId, 60, replicated.Key.ToString("D")), (shown.RequestId, shown.Ticks, shown.KeyId));
        await replicated.SettleAsync(replicated.Servers[1], hold, 60);
        await replicated.RunAsync(clock, async () => (await Holds()).Count == 0);
    }

    [Fact]
    public async Task What_is_left_of_a_grant_expires_once_whoever_had_it()
    {
        var clock = new ManualTime();
        await using var replicated = await Replicated.StartAsync(0, servers: 2, clock: () => clock);
        await replicated.Credits.GrantAsync(Me, replicated.First.Account, 10_000, clock.GetUtcNow().AddHours(1), "short", CancellationToken.None);
        await replicated.Credits.GrantAsync(Me, replicated.First.Account, 500, null, "long", CancellationToken.None);
        foreach (var server in replicated.Servers)
            Assert.Equal(7, await replicated.SettleAsync(server, (await replicated.HoldAsync(server, 10)).Hold!, 7));
        Assert.True((await replicated.ShowAsync()).HeldTicks > 0);

        clock.Jump(TimeSpan.FromHours(2));
        await replicated.RunAsync(clock, async () => (await replicated.ShowAsync()) is { BalanceTicks: 500, HeldTicks: 0 });
        Assert.Equal(-(10_000 - 14), (await replicated.StatementAsync()).Entries.Where(entry => entry.Kind == "expiry").Sum(entry => entry.AmountTicks));
        await replicated.CheckAsync();
    }

    [Fact]
    public async Task The_monthly_grant_is_given_once_by_three_servers_and_each_of_them_can_spend_it()
    {
        var clock = new ManualTime();
        await using var replicated = await Replicated.StartAsync(0, clock: () => clock, credits: "{}");
        Assert.Equal(["grant"], (await replicated.StatementAsync()).Entries.Select(entry => entry.Kind));
        clock.Jump(TimeSpan.FromDays(31));
        await replicated.RunAsync(clock, async () => (await replicated.StatementAsync()).Entries is { Count: 3 });
        Assert.Equal(["expiry", "grant", "grant"], (await replicated.StatementAsync()).Entries.Select(entry => entry.Kind).Order());
        foreach (var server in replicated.Servers)
            Assert.NotNull((await replicated.HoldAsync(server, Money.TicksPerDollar)).Hold);
    }

    [Fact]
    public async Task While_postgres_is_away_for_more_than_a_minute_answers_go_on_under_load_as_long_as_the_lease_lasts_then_503_and_afterwards_on_again()
    {
        await using var cluster = await PostgresCluster.OwnAsync();
        var clock = new ManualTime();
        await using var replicated = await Replicated.StartAsync(1_000_000_000 * Replicated.Output, servers: 2, cluster.Address, () => clock); // so much that no slice is used up meanwhile
        replicated.Lab.Standing = Crowds.AnswerAsync;
        await using var load = new StandingLoad(replicated.Servers, callers: 8, (server, i) => Crowds.AskAsync(server, "output-only", i % Crowds.Plain));

        await load.MoreAsync(200, 5);
        await cluster.StopAsync();
        await load.MoreAsync(200, 5); // the clock stands still, so the leases last
        clock.Jump(TimeSpan.FromSeconds(8));
        await load.MoreAsync(503, 5);
        for (var away = TimeSpan.Zero; away < TimeSpan.FromMinutes(1); away += TimeSpan.FromSeconds(10))
        {
            clock.Jump(TimeSpan.FromSeconds(10));
            await load.MoreAsync(503, 1);
        }
        await cluster.StartAgainAsync();
        var more = load.MoreAsync(200, 5);
        await replicated.RunAsync(clock, () => Task.FromResult(more.IsCompleted));
        await more;
        var answers = await load.StopAsync();

        Assert.All(answers, one => Assert.Contains(one.Status, new[] { 200, 503 }));
        var folded = replicated.FoldedAsync();
        await replicated.RunAsync(clock, () => Task.FromResult(folded.IsCompleted));
        await folded;
        var charges = (await replicated.StatementAsync()).Entries.Where(entry => entry.Kind == "charge").ToList();
        Assert.Equal(answers.Where(one => one.Status == 200).Select(one => one.Id).Order(StringComparer.Ordinal), charges.Select(charge => charge.RequestId).Order(StringComparer.Ordinal));
        Assert.All(charges, charge => Assert.Equal(-100 * Replicated.Output, charge.AmountTicks));
        await replicated.CheckAsync();
    }

    /// <summary>What a charge leaves over goes back while the next request asks for more: that one gets its money all the same.</summary>
    [Fact]
    public async Task With_little_left_no_request_is_refused_that_can_be_paid_whichever_server_it_comes_to()
    {
        await using var replicated = await Replicated.StartAsync(9_000, servers: 2);
        for (var i = 0; i < 100; i++)
        {
            var server = replicated.Servers[i / 3 % 2];
            var answer = await replicated.HoldAsync(server, 1000);
            Assert.True(answer.Hold is not null, $"Request {i} was refused ({answer.Refusal}, {answer.Available} available).");
            Assert.Equal(1, await replicated.SettleAsync(server, answer.Hold, 1));
        }
        await replicated.NothingOutAsync();
        Assert.Equal(8_900, (await replicated.ShowAsync()).BalanceTicks);
        await replicated.CheckAsync();
    }

    [Fact]
    public async Task An_answer_is_clamped_to_what_the_team_has_in_the_database()
    {
        await using var replicated = await Replicated.StartAsync(300 * Replicated.Output, servers: 2);
        var asked = "";
        replicated.Lab.Standing = turn =>
        {
            asked = turn.Request.Text;
            return Crowds.AnswerAsync(turn);
        };
        var (path, body) = Crowds.Request("output-only", 0);
        Assert.Equal(200, (await replicated.Servers[1].PostAsync(path, body.Replace("\"max_tokens\":100", "\"max_tokens\":1000", StringComparison.Ordinal))).Status);
        Assert.Contains("\"max_tokens\":300", asked, StringComparison.Ordinal);
    }

    private static (long Balance, long Held, long Available) Numbers(CreditsShown shown) => (shown.BalanceTicks, shown.HeldTicks, shown.AvailableTicks);

    private static Task<int> SilenceAsync(TestServer by, long epoch) => by.Service<LedgerDatabase>().RunAsync(session => session.Execute(
        "UPDATE epochs SET seen = started - 60000 WHERE epoch = $epoch", ("$epoch", epoch)));

    private static async Task Until(Func<Task<bool>> done)
    {
        while (!await done())
            await Task.Yield();
    }
}
