using System.Text;
using System.Text.Json;
using Milliways.Billing;
using Milliways.Credits;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Billing;
using Milliways.Tests.Support;

namespace Milliways.Tests.Management;

/// <summary>xAI's billing of a team (xai-api 2.2) below /management, through the front door. The clock begins with 2025.</summary>
public class BillingApiTests
{
    private static readonly Actor Operator = OperatorActor.Instance;
    private const long Dollar = Money.TicksPerDollar;
    private const string Config = $$"""{ {{Booked.NoMonthly}} }""";

    [Fact]
    public async Task Purchases_and_the_balance_are_negative_and_changes_add_up_to_the_total()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(Config, clock);
        var (credits, team) = (server.Service<CreditCommands>(), server.Server.Team.Id);
        await credits.PurchaseAsync(Operator, server.Account, 10 * Dollar, "paid", default);
        await credits.GrantAsync(Operator, server.Account, 149_000_000, null, "", default);
        await server.ChargeAsync(team, "a", 149_000_000);
        clock.Jump(TimeSpan.FromDays(31));
        await server.ChargeAsync(team, "a", 2 * Dollar + 149_000_000);
        var answer = await Ask(server, "ReadBilling", "GET", "/prepaid/balance");
        var changes = answer.Json.GetProperty("changes").EnumerateArray().ToList();
        Assert.Equal(["PURCHASE", "MANUAL", "SPEND", "SPEND"], changes.Select(change => change.GetProperty("changeOrigin").GetString()));
        Assert.Equal(("-1000", "SUCCEEDED", server.Server.Team.Id.ToString("D")), (Val(changes[0], "amount"), changes[0].GetProperty("topupStatus").GetString(), changes[0].GetProperty("teamId").GetString()));
        Assert.Equal([1, 2], changes.Where(change => change.TryGetProperty("spendBpKeyMonth", out _)).Select(change => change.GetProperty("spendBpKeyMonth").GetInt32()));
        Assert.Equal("-799", Val(answer.Json, "total")); // 7.9851 dollars
        Assert.Equal(-799, changes.Sum(change => long.Parse(Val(change, "amount"), null)));
    }

    [Fact]
    public async Task Credit_is_topped_up_only_where_the_operator_says_so_and_with_a_key_that_the_operator_made()
    {
        await using (var closed = await TestServer.StartAsync(Config))
        {
            var refused = await Ask(closed, "TopUp", "POST", "/prepaid/top-up", """{"amount":{"val":"2500"}}""");
            Assert.Equal(403, refused.Status);
            Assert.Contains("topUp", refused.Text, StringComparison.Ordinal);
        }
        await using var server = await TestServer.StartAsync("""{ "credits": { "monthlyGrant": null, "topUp": true } }""");
        Assert.Equal(403, (await Ask(server, "ReadBilling", "POST", "/prepaid/top-up", """{"amount":{"val":"2500"}}""")).Status);
        var owner = new UserActor(Guid.CreateVersion7(), new Dictionary<Guid, Role> { [server.Server.Team.Id] = Role.Owner });
        var theirs = server.Service<ManagementKeyCommands>().Create(owner, server.Account, "m", ["*"], null).Text;
        Assert.Equal(403, (await Send(server, theirs, "POST", "/prepaid/top-up", """{"amount":{"val":"2500"}}""")).Status);
        Assert.Equal(0, await BalanceAsync(server));
        foreach (var wrong in new[] { "{}", """{"amount":5}""", """{"amount":{"val":"x"}}""", """{"amount":{"val":"0"}}""", """{"amount":{"val":"99999999999999"}}""" })
            Assert.Equal(400, (await Ask(server, "TopUp", "POST", "/prepaid/top-up", wrong)).Status);
        var done = await Ask(server, "TopUp", "POST", "/prepaid/top-up", """{"amount":{"val":"-2500"}}""");
        Assert.Equal((200, "-2500", "PURCHASE"), (done.Status, Val(done.Json.GetProperty("change"), "amount"), done.Json.GetProperty("change").GetProperty("changeOrigin").GetString()));
        Assert.Equal(25 * Dollar, await BalanceAsync(server));
        Assert.Contains(server.Service<AuditLog>().List(server.Server.Team.Id, 10, null), entry => entry.Action == "credits.top-up" && entry.Actor.StartsWith("management-key:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Billing_info_comes_back_as_it_was_given_and_stands_on_invoices()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(Config, clock);
        Assert.Equal("", (await Ask(server, "ReadBilling", "GET", "/billing-info")).Json.GetProperty("billingInfo").GetProperty("name").GetString());
        const string Info = """{"name":"ACME","address":{"line1":"1 Way","line2":"","city":"Bern","country":"CH","postalCode":"3000","state":""},"email":"a@example.org","taxIdType":"ch_vat","taxNumber":"CHE-1"}""";
        var set = await Ask(server, "WriteBilling", "POST", "/billing-info", $$"""{"billingInfo":{{Info}}}""");
        Assert.Equal((200, "{}"), (set.Status, set.Text));
        Assert.Equal(Info, (await Ask(server, "ReadBilling", "GET", "/billing-info")).Json.GetProperty("billingInfo").GetRawText());
        foreach (var wrong in new[] { "{}", """{"billingInfo":5}""", """{"billingInfo":{"name":5}}""", """{"billingInfo":{"address":[]}}""", """{"billingInfo":{"name":"a\nb"}}""" })
            Assert.Equal(400, (await Ask(server, "WriteBilling", "POST", "/billing-info", wrong)).Status);
        await server.Service<CreditCommands>().GrantAsync(Operator, server.Account, Dollar, null, "", default);
        clock.Jump(TimeSpan.FromDays(31));
        var buyer = Assert.Single(await server.Service<InvoiceCommands>().MakeAsync(Operator, null, null, default)).Buyer;
        Assert.Equal(("ACME", "1 Way, 3000 Bern, CH", "ch_vat CHE-1"), (buyer.Name, string.Join(", ", buyer.Address), buyer.TaxNumber));
    }

    [Fact]
    public async Task Invoices_are_found_by_cycle_since_and_id_and_their_lines_add_up()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(Config, clock);
        await server.Service<CreditCommands>().PurchaseAsync(Operator, server.Account, 100 * Dollar, "", default);
        for (var month = 0; month < 3; month++)
        {
            foreach (var model in new[] { "a", "b", "c" })
                await server.ChargeAsync(server.Server.Team.Id, model, 44_000_000);
            if (month == 2)
                break;
            clock.Jump(TimeSpan.FromDays(31));
            await server.Service<InvoiceCommands>().MakeAsync(Operator, null, null, default);
        }
        async Task<List<JsonElement>> List(string query) => [.. (await Ask(server, "ReadBilling", "GET", "/invoices" + query)).Json.GetProperty("invoices").EnumerateArray()];
        var all = await List("");
        Assert.Equal(2, all.Count);
        foreach (var invoice in all)
        {
            Assert.Equal(("1", "1", "0", "PAID"), (invoice.GetProperty("subtotal").GetString(), invoice.GetProperty("total").GetString(), invoice.GetProperty("tax").GetString(), invoice.GetProperty("invoiceStatus").GetString()));
            Assert.Equal(1, invoice.GetProperty("lines").EnumerateArray().Sum(line => long.Parse(line.GetProperty("amount").GetString()!, null)));
        }
        Assert.Equal(2, Assert.Single(await List("?billingCycle.year=2025&billingCycle.month=2")).GetProperty("monthly").GetProperty("billingCycle").GetProperty("month").GetInt32());
        Assert.Single(await List("?since.year=2025&since.month=2"));
        Assert.Equal(2, (await List("?since.year=2024&since.month=12")).Count);
        Assert.Equal(all[1].GetProperty("invoiceNumber").GetString(), Assert.Single(await List("?invoiceIds.invoiceIds=" + all[1].GetProperty("invoiceId").GetString())).GetProperty("invoiceNumber").GetString());
        foreach (var wrong in new[] { "?billingCycle.year=2025", "?since.year=2025&since.month=13", "?since.year=2025&since.month=1&billingCycle.year=2025&billingCycle.month=1" })
            Assert.Equal(400, (await Ask(server, "ReadBilling", "GET", "/invoices" + wrong)).Status);
        var preview = (await Ask(server, "ReadBilling", "GET", "/postpaid/invoice/preview")).Json;
        Assert.Equal(("1", 3, 2), (preview.GetProperty("coreInvoice").GetProperty("amountBeforeVat").GetString(), preview.GetProperty("billingCycle").GetProperty("month").GetInt32(), (await List("")).Count));
    }

    [Fact]
    public async Task A_spending_limit_bounds_the_month_and_keeps_the_other_one()
    {
        await using var server = await TestServer.StartAsync(Config);
        var credits = server.Service<CreditCommands>();
        await credits.SetPostpaidAsync(Operator, server.Account, 50 * Dollar, default);
        await credits.SetSpendingLimitAsync(Operator, server.Account, null, new(Dollar, null), default);
        var set = await Ask(server, "SetSpendingLimits", "POST", "/postpaid/spending-limits", """{"desiredSoftSpendingLimit":{"val":"2000"}}""");
        Assert.Equal((200, "2000"), (set.Status, Val(set.Json, "thisBpSoftSpendingLimit")));
        var limits = (await Ask(server, "ReadBilling", "GET", "/postpaid/spending-limits")).Json.GetProperty("spendingLimits");
        Assert.Equal(("5000", "0", "5000", "2000", "2000"), (Val(limits, "hardSlOverride"), Val(limits, "hardSlAuto"), Val(limits, "effectiveHardSl"), Val(limits, "softSl"), Val(limits, "effectiveSl")));
        var shown = await credits.ShowAsync(Operator, server.Account, default);
        Assert.Equal((Dollar, 20 * Dollar), (shown.SoftLimitTicks, shown.HardLimitTicks));
        Assert.Equal(400, (await Ask(server, "SetSpendingLimits", "POST", "/postpaid/spending-limits", """{"desiredSoftSpendingLimit":{"val":"0"}}""")).Status);
        Assert.Equal(400, (await Ask(server, "SetSpendingLimits", "POST", "/postpaid/spending-limits", """{"desiredSoftSpendingLimit":{"val":"-1"}}""")).Status);
    }

    [Fact]
    public async Task Payment_methods_are_empty_and_setting_one_says_why_not()
    {
        await using var server = await TestServer.StartAsync(Config);
        Assert.Equal("""{"paymentMethods":[]}""", (await Ask(server, "ReadBilling", "GET", "/payment-method")).Text);
        var refused = await Ask(server, "WriteBilling", "POST", "/payment-method/default", """{"paymentMethodId":"pm_1"}""");
        Assert.Equal(400, refused.Status);
        Assert.Contains("paymentMethodId", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_is_summed_by_the_days_of_the_time_zone_and_by_model()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(Config, clock);
        await server.Service<CreditCommands>().PurchaseAsync(Operator, server.Account, 100 * Dollar, "", default);
        var team = server.Server.Team.Id;
        foreach (var (hours, model, ticks) in new[] { (14, "a", Dollar), (1, "a", 2 * Dollar + 1), (0, "b", 3 * Dollar), (24, "a", Dollar) })
        {
            clock.Jump(TimeSpan.FromHours(hours));
            await server.ChargeAsync(team, model, ticks);
        }
        async Task<JsonElement> Usage(string more) => (await Ask(server, "ReadBilling", "POST", "/usage",
            $$"""{"analyticsRequest":{"timeRange":{"startTime":"2025-01-01 00:00:00","endTime":"2025-01-03 00:00:00","timezone":"Asia/Tokyo"},"values":[{"name":"usd","aggregation":"AGGREGATION_SUM"},{"name":"tokens"}],{{more}} } }""")).Json;
        // 14:00 UTC is the first of January in Tokyo, 15:00 the second, the next day's 15:00 the third, which is not asked for.
        var byModel = await Usage(""" "timeUnit":"TIME_UNIT_DAY","groupBy":["description"] """);
        Assert.Equal(
            ["a 2024-12-31T15:00:00.000Z 1 130", "a 2025-01-01T15:00:00.000Z 2.0000000001 130", "b 2025-01-01T15:00:00.000Z 3 130"],
            byModel.GetProperty("timeSeries").EnumerateArray().SelectMany(series => series.GetProperty("dataPoints").EnumerateArray().Select(point =>
                $"{series.GetProperty("group")[0].GetString()} {point.GetProperty("timestamp").GetString()} {point.GetProperty("values")[0].GetDecimal() / 1.000000000000000000m} {point.GetProperty("values")[1].GetDecimal() / 1.0m}")).Select(text => text));
        Assert.False(byModel.GetProperty("limitReached").GetBoolean());
        var filtered = await Usage(""" "timeUnit":"TIME_UNIT_NONE","groupBy":["api_key"],"filters":["model:eq a"] """);
        var only = Assert.Single(filtered.GetProperty("timeSeries").EnumerateArray());
        Assert.Equal(("first key", 3.0000000001m), (only.GetProperty("groupLabels")[0].GetString(), Assert.Single(only.GetProperty("dataPoints").EnumerateArray()).GetProperty("values")[0].GetDecimal()));
    }

    [Theory]
    [InlineData("""{}""", "analyticsRequest")]
    [InlineData("""{"analyticsRequest":{}}""", "values")]
    [InlineData("""{"analyticsRequest":{"values":[{"name":"eur"}]}}""", "values.name")]
    [InlineData("""{"analyticsRequest":{"values":[{"name":"usd","aggregation":"AGGREGATION_P99"}]}}""", "aggregation")]
    [InlineData("""{"analyticsRequest":{"values":[{"name":"usd"}],"groupBy":["shoe"]}}""", "groupBy")]
    [InlineData("""{"analyticsRequest":{"values":[{"name":"usd"}]}}""", "timeRange")]
    [InlineData("""{"analyticsRequest":{"values":[{"name":"usd"}],"timeRange":{"startTime":"2025-01-01 00:00:00","endTime":"2025-01-02 00:00:00","timezone":"Moon/Sea"}}}""", "timezone")]
    [InlineData("""{"analyticsRequest":{"values":[{"name":"usd"}],"timeRange":{"startTime":"soon","endTime":"2025-01-02 00:00:00"}}}""", "startTime")]
    [InlineData("""{"analyticsRequest":{"values":[{"name":"usd"}],"timeUnit":"TIME_UNIT_SECOND","timeRange":{"startTime":"2025-01-01 00:00:00","endTime":"2025-01-02 00:00:00"}}}""", "timeUnit")]
    [InlineData("""{"analyticsRequest":{"values":[{"name":"usd"}],"filters":["shoe"],"timeRange":{"startTime":"2025-01-01 00:00:00","endTime":"2025-01-02 00:00:00"}}}""", "filters")]
    public async Task A_wrong_question_about_usage_names_the_field(string body, string field)
    {
        await using var server = await TestServer.StartAsync(Config);
        var answer = await Ask(server, "ReadBilling", "POST", "/usage", body);
        Assert.Equal(400, answer.Status);
        Assert.Contains(field, answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_it_is_shown_to_another_team_or_to_a_key_without_the_endpoint()
    {
        await using var server = await TestServer.StartAsync("""{ "credits": { "monthlyGrant": null, "topUp": true } }""");
        var stranger = server.Service<ManagementKeyCommands>().Create(Operator, server.Service<TeamCommands>().Create(Operator, "stranger").Account, "m", ["*"], null).Text;
        foreach (var (method, path, body) in new[]
        {
            ("GET", "/billing-info", null), ("POST", "/billing-info", """{"billingInfo":{}}"""), ("GET", "/payment-method", null), ("POST", "/payment-method/default", "{}"), ("GET", "/invoices", null),
            ("GET", "/postpaid/invoice/preview", null), ("GET", "/postpaid/spending-limits", null), ("POST", "/postpaid/spending-limits", """{"desiredSoftSpendingLimit":{"val":"1"}}"""),
            ("GET", "/prepaid/balance", null), ("POST", "/prepaid/top-up", """{"amount":{"val":"1"}}"""), ("POST", "/usage", "{}"),
        })
        {
            Assert.Equal(404, (await Send(server, stranger, method, path, body)).Status);
            Assert.Equal((403, "acl"), await Ask(server, "ListModels", method, path, body) is var refused ? (refused.Status, refused.Header("x-milliways-refused")) : default);
        }
    }

    private static async Task<long> BalanceAsync(TestServer server) => (await server.Service<CreditCommands>().ShowAsync(Operator, server.Account, default)).BalanceTicks;

    private static string Val(JsonElement of, string name) => of.GetProperty(name).GetProperty("val").GetString()!;

    private static Task<Answer> Ask(TestServer server, string endpoint, string method, string path, string? body = null) =>
        Send(server, server.Service<ManagementKeyCommands>().Create(Operator, server.Account, "m", [endpoint], null).Text, method, path, body);

    private static Task<Answer> Send(TestServer server, string key, string method, string path, string? body) => server.SendAsync(
        method, $"/management/v1/billing/teams/{server.Server.Team.Id:D}{path}", body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"), ("Authorization", "Bearer " + key));
}
