using System.Text.Json;
using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Exchanges;
using Milliways.Hosting;
using Milliways.Storage;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>Credit in a whole server, with its threads, files and clock.</summary>
public sealed class CreditCommandsTests
{
    private static readonly Actor Me = OperatorActor.Instance;
    private const long Dollar = Money.TicksPerDollar;
    private const string NoMonthly = """{ "credits": { "monthlyGrant": null } }""";

    [Fact]
    public async Task The_monthly_grant_is_there_at_the_first_start_and_once_a_month_whatever_the_restarts()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var shown = await Show(server);
        Assert.Equal((25 * Dollar, 25 * Dollar, "25.00"), (shown.BalanceTicks, shown.AvailableTicks, shown.Balance));
        var grant = Assert.Single(shown.Grants);
        Assert.Equal(("grant", 25 * Dollar, "2025-02-01T00:00:00.000Z"), (grant.Kind, grant.AmountTicks, grant.Expires));
        await server.RestartAsync();
        Assert.Equal(grant, Assert.Single((await Show(server)).Grants));
        clock.Jump(TimeSpan.FromDays(31));
        await Until(async () => (await Show(server)).Grants is [var next] && next.Id != grant.Id, clock);
        var entries = (await Statement(server)).Entries;
        Assert.Equal(["expiry", "grant", "grant"], entries.Select(entry => entry.Kind).Order());
        Assert.Equal(25 * Dollar, entries[^1].BalanceTicks);
        await AssertSound(server);
    }

    [Fact]
    public async Task A_charge_is_durable_before_it_is_told_and_shows_in_balance_statement_and_after_a_restart()
    {
        await using var server = await TestServer.StartAsync();
        var ledger = server.Service<ILedger>();
        var payer = new Payer(server.Server.Team.Id, Guid.Empty, null, null);
        var hold = (await ledger.HoldAsync(payer, "request", 100, CancellationToken.None)).Hold!;
        var open = Assert.Single((await server.Service<CreditCommands>().HoldsAsync(Me, null, default)).Holds);
        Assert.Equal(("request", 100), (open.RequestId, open.Ticks));
        var charge = new Charge { RequestId = "request", Payer = payer, Time = DateTimeOffset.UnixEpoch, Model = "m", Upstream = "lab/m", Source = UsageSource.Reported, Ending = Ending.Completed, Cost = 40 };
        Assert.Equal(40, await ledger.SettleAsync(hold, charge));
        Assert.Equal(25 * Dollar - 40, (await Show(server)).BalanceTicks);
        Assert.Empty((await server.Service<CreditCommands>().HoldsAsync(Me, null, default)).Holds);
        var statement = await Statement(server);
        Assert.Equal((-40, "request"), (statement.Entries[^1].AmountTicks, statement.Entries[^1].RequestId));
        Assert.Equal(statement.ClosingTicks, statement.OpeningTicks + statement.Entries.Sum(entry => entry.AmountTicks));
        await AssertSound(server);
        await server.RestartAsync();
        Assert.Equal(25 * Dollar - 40, (await Show(server)).BalanceTicks);
    }

    [Fact]
    public async Task A_thousand_at_once_against_credit_for_a_hundred_are_exactly_a_hundred()
    {
        await using var server = await TestServer.StartAsync(NoMonthly);
        var ledger = server.Service<ILedger>();
        var team = server.Server.Team.Id;
        await server.Service<CreditCommands>().GrantAsync(Me, server.Server.Team.Account, 10_050, null, "", default);
        var served = await Task.WhenAll(Enumerable.Range(0, 1000).Select(number => Task.Run(async () =>
        {
            var payer = new Payer(team, Guid.Empty, null, null);
            if ((await ledger.HoldAsync(payer, $"r{number}", 60, CancellationToken.None)).Hold is not { } hold)
                return 0;
            if (await ledger.TopUpAsync(hold, 40, CancellationToken.None) is not null || number % 7 == 3)
            {
                ledger.Release(hold);
                return 0;
            }
            return await ledger.SettleAsync(hold, ChargeOf(team, $"r{number}"));
        })));
        Assert.All(served, charged => Assert.True(charged is 0 or 100));
        Assert.InRange(served.Count(charged => charged > 0), 1, 100);
        // Holds that stood in each other's way are gone: what is left pays for the rest of the hundred, and not for one more.
        var after = 0;
        for (; (await ledger.HoldAsync(new Payer(team, Guid.Empty, null, null), $"after{after}", 100, CancellationToken.None)).Hold is { } hold; after++)
            served = [.. served, await ledger.SettleAsync(hold, ChargeOf(team, $"after{after}"))];
        Assert.Equal(100, served.Count(charged => charged > 0));
        var shown = await Show(server);
        Assert.Equal((10_050 - served.Sum(), 0), (shown.BalanceTicks, shown.HeldTicks));
        Assert.Equal(served.Count(charged => charged > 0), (await Statement(server)).Entries.Count(entry => entry.Kind == "charge"));
        await AssertSound(server);
    }

    [Fact]
    public async Task A_purchase_gets_its_bonus_once_and_earlier_ones_when_the_rule_says_so()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(NoMonthly, clock);
        var (commands, team) = (server.Service<CreditCommands>(), server.Server.Team.Account);
        Assert.Equal((10 * Dollar, 0), Amounts(await commands.PurchaseAsync(Me, team, 10 * Dollar, "invoice 1", default)));
        var rule = """{ "credits": { "monthlyGrant": null, "purchaseBonus": { "percent": 50, "from": "2025-01-01", "to": "2025-01-31", "retroactive": true } } }""";
        await File.WriteAllTextAsync(Path.Combine(server.Data, "milliways.json"), rule);
        await Until(async () => (await Show(server)).BalanceTicks == 15 * Dollar, clock);
        Assert.Equal((4 * Dollar, 2 * Dollar), Amounts(await commands.PurchaseAsync(Me, team, 4 * Dollar, "", default)));
        await server.RestartAsync();
        await File.WriteAllTextAsync(Path.Combine(server.Data, "milliways.json"), rule);
        await Until(() => Task.FromResult(server.Service<Milliways.Hosting.Configuration.ConfigState>().InEffect.Credits.PurchaseBonus is not null), clock);
        await server.Service<Bookkeeping>().Rules.TickAsync();
        Assert.Equal(21 * Dollar, (await Show(server)).BalanceTicks);
        Assert.Equal(["purchase", "bonus", "purchase", "bonus"], (await Statement(server)).Entries.Select(entry => entry.Kind));
        clock.Jump(TimeSpan.FromDays(31));
        Assert.Equal((Dollar, 0), Amounts(await server.Service<CreditCommands>().PurchaseAsync(Me, team, Dollar, "", default)));
        await AssertSound(server);
    }

    [Fact]
    public async Task A_promotional_code_is_redeemed_once_by_each_team_and_as_often_as_it_may()
    {
        await using var server = await TestServer.StartAsync(NoMonthly);
        var (commands, team) = (server.Service<CreditCommands>(), server.Server.Team.Account);
        var teams = server.Service<Milliways.Teams.TeamStore>();
        var made = await commands.CreatePromoAsync(Me, "welcome-5", 5 * Dollar, most: 2, until: null, lasts: TimeSpan.FromDays(10));
        Assert.Equal("WELCOME-5", made.Code);
        Assert.Equal(5 * Dollar, (await commands.RedeemPromoAsync(Me, team, " Welcome-5 ", default)).BalanceTicks);
        Assert.Contains("before", (await Assert.ThrowsAsync<CommandException>(() => commands.RedeemPromoAsync(Me, team, "WELCOME-5", default))).Message, StringComparison.Ordinal);
        await commands.RedeemPromoAsync(Me, teams.Create("b").Account, "WELCOME-5", default);
        await Assert.ThrowsAsync<CommandException>(() => commands.RedeemPromoAsync(Me, teams.Create("c").Account, "WELCOME-5", default));
        await Assert.ThrowsAsync<CommandException>(() => commands.RedeemPromoAsync(Me, team, "NO-SUCH", default));
        await Assert.ThrowsAsync<CommandException>(() => commands.CreatePromoAsync(Me, "Welcome-5", 1, 1, null, null));
        await AssertSound(server);
    }

    [Fact]
    public async Task Corrections_have_a_reason_and_take_what_is_there()
    {
        await using var server = await TestServer.StartAsync();
        var (commands, team) = (server.Service<CreditCommands>(), server.Server.Team.Account);
        await Assert.ThrowsAsync<CommandException>(() => commands.AdjustAsync(Me, team, 1, " ", default));
        Assert.Equal(26 * Dollar, (await commands.AdjustAsync(Me, team, Dollar, "we were down", default)).BalanceTicks);
        Assert.Equal(-4 * Dollar, (await commands.AdjustAsync(Me, team, -30 * Dollar, "chargeback", default)).BalanceTicks);
        var shown = await Show(server);
        Assert.Equal((4 * Dollar, 0), (shown.OwedTicks, shown.AvailableTicks));
        Assert.Equal(6 * Dollar, (await commands.GrantAsync(Me, team, 10 * Dollar, null, "sorry", default)).BalanceTicks);
        await Until(async () => (await Show(server)).OwedTicks == 0);
        Assert.Equal(["grant", "adjustment", "adjustment", "grant"], (await Statement(server)).Entries.Select(entry => entry.Kind));
        await AssertSound(server);
    }

    [Fact]
    public async Task Limits_and_allowance_of_a_team_are_in_effect_at_once_and_after_a_restart()
    {
        await using var server = await TestServer.StartAsync(NoMonthly);
        var (commands, team) = (server.Service<CreditCommands>(), server.Server.Team.Account);
        await commands.SetPostpaidAsync(Me, team, 100, default);
        await commands.SetSpendingLimitAsync(Me, team, gateway: null, new SpendingLimit(10, 50), default);
        await server.RestartAsync();
        var ledger = server.Service<ILedger>();
        Assert.Equal(100, (await Show(server)).AvailableTicks);
        var payer = new Payer(server.Server.Team.Id, Guid.Empty, null, null);
        Assert.Equal(HoldRefusal.TeamLimit, (await ledger.HoldAsync(payer, "a", 51, CancellationToken.None)).Refusal);
        Assert.NotNull((await ledger.HoldAsync(payer, "b", 50, CancellationToken.None)).Hold);
        Assert.Equal((10, 50), ((await Show(server)).SoftLimitTicks, (await Show(server)).HardLimitTicks));
    }

    [Fact]
    public async Task Members_see_credit_admins_redeem_and_bound_and_only_the_operator_gives()
    {
        await using var server = await TestServer.StartAsync(NoMonthly);
        var (commands, team) = (server.Service<CreditCommands>(), server.Server.Team);
        (string Allowed, Func<Actor, Task> Run)[] rows =
        [
            ("oamv", actor => commands.ShowAsync(actor, team.Account, default)),
            ("oamv", actor => commands.StatementAsync(actor, team.Account, new StatementRange(null, null, 0, 1), false, default)),
            ("oa", actor => commands.SetSpendingLimitAsync(actor, team.Account, null, new SpendingLimit(1, 2), default)),
            ("oa", async actor => await commands.RedeemPromoAsync(actor, team.Account, (await commands.CreatePromoAsync(Me, null, 1, 1, null, null)).Code, default)),
            ("", actor => commands.GrantAsync(actor, team.Account, 1, null, "", default)),
            ("", actor => commands.PurchaseAsync(actor, team.Account, 1, "", default)),
            ("", actor => commands.AdjustAsync(actor, team.Account, -1, "x", default)),
            ("", actor => commands.SetPostpaidAsync(actor, team.Account, 1, default)),
            ("", actor => commands.CreatePromoAsync(actor, null, 1, 1, null, null)),
            ("", actor => commands.CheckAsync(actor, default)),
        ];
        foreach (var (letter, role) in new (char, Role?)[] { ('o', Role.Owner), ('a', Role.Admin), ('m', Role.Member), ('v', Role.Viewer), ('-', null) })
        {
            var actor = new UserActor(Guid.Empty, role is { } given ? new Dictionary<Guid, Role> { [team.Id] = given } : []);
            for (var i = 0; i < rows.Length; i++)
            {
                var refused = await Record.ExceptionAsync(() => rows[i].Run(actor)) as CommandException;
                // A code is redeemed once by a team: whoever comes second was let in all the same.
                Assert.True((refused is null or { Problem: CommandProblem.Conflict }) == rows[i].Allowed.Contains(letter), $"row {i} as {role}: {refused?.Message ?? "done"}");
            }
        }
        Assert.Contains(server.Service<AuditLog>().List(team.Id, 100, null), entry => entry.Action == "credits.limit");
    }

    [Fact]
    public async Task Commands_work_beside_a_server_and_without_one()
    {
        using var directory = new TempDirectory();
        var data = directory["data"];
        async Task<JsonElement> Ask(string name, string request) => JsonDocument.Parse(await Milliways.Hosting.Admin.AdminDoor.AskAsync(data, name, System.Text.Encoding.UTF8.GetBytes(request))).RootElement;
        await using (var server = ServeHost.Build(TestServer.Options(directory), environment: _ => null))
        {
            await server.StartAsync();
            var before = (await Ask("credits show", "{}")).GetProperty("balance_ticks").GetInt64();
            await Ask("credits grant", """{"amount_ticks":7,"reason":"r"}""");
            Assert.Equal(before + 7, (await Ask("credits show", "{}")).GetProperty("available_ticks").GetInt64());
            await server.StopAsync();
        }
        await Ask("credits adjust", """{"amount_ticks":-3,"reason":"r"}""");
        var check = await Ask("admin check", "{}");
        Assert.True(check.GetProperty("ok").GetBoolean(), check.ToString());
        Assert.Equal([7, -3], (await Ask("credits statement", """{"limit":100}""")).GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("amount_ticks").GetInt64()).TakeLast(2));
    }

    [Fact]
    public void A_damaged_journal_stops_the_start_with_one_sentence()
    {
        using var directory = new TempDirectory();
        var damaged = directory.Write("charges.journal", new string('x', 20_000));
        using var database = LedgerDatabase.Open(directory["ledger.db"]);
        var refused = Assert.Throws<UserErrorException>(() => Bookkeeping.Open(
            database, damaged, () => new Milliways.Hosting.Configuration.CreditsConfig(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance));
        Assert.Contains("has lost its headers", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_shown_has_the_contracts_names()
    {
        await using var server = await TestServer.StartAsync();
        var shown = JsonSerializer.SerializeToElement(await Show(server), CreditsJson.Default.CreditsShown);
        foreach (var name in (string[])["team", "balance_ticks", "held_ticks", "available_ticks", "grants"])
            Assert.True(shown.TryGetProperty(name, out _), name);
        foreach (var name in (string[])["id", "kind", "amount_ticks", "left_ticks", "expires"])
            Assert.True(shown.GetProperty("grants")[0].TryGetProperty(name, out _), name);
        var statement = JsonSerializer.SerializeToElement(await Statement(server, ledger: true), CreditsJson.Default.Statement);
        foreach (var name in (string[])["team", "from", "to", "opening_ticks", "closing_ticks", "held_ticks", "entries", "postings"])
            Assert.True(statement.TryGetProperty(name, out _), name);
        foreach (var name in (string[])["seq", "time", "kind", "amount_ticks", "balance_ticks", "request_id", "key_id", "model", "upstream", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "images", "usage_source", "ending"])
            Assert.True(statement.GetProperty("entries")[0].TryGetProperty(name, out _), name);
    }

    private static Charge ChargeOf(Guid team, string request) => new()
    {
        RequestId = request, Payer = new Payer(team, Guid.Empty, null, null), Time = DateTimeOffset.UnixEpoch, Model = "m", Upstream = "lab/m", Source = UsageSource.Reported, Ending = Ending.Completed, Cost = 100,
    };

    private static (long, long) Amounts(CreditChange change) => (change.AmountTicks, change.BonusTicks);

    private static Task<CreditsShown> Show(TestServer server) => server.Service<CreditCommands>().ShowAsync(Me, server.Server.Team.Account, default);

    private static Task<Milliways.Credits.Statement> Statement(TestServer server, bool ledger = false) =>
        server.Service<CreditCommands>().StatementAsync(Me, server.Server.Team.Account, new StatementRange(null, null, 0, 10_000), ledger, default);

    private static async Task AssertSound(TestServer server)
    {
        var report = await server.Service<CreditCommands>().CheckAsync(Me, default);
        Assert.True(report.Ok, string.Join('\n', report.Problems));
    }

    private static async Task Until(Func<Task<bool>> holds, ManualTime? clock = null)
    {
        var patience = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(patience) < Patience.Limit, "It did not come to be.");
            clock?.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}
