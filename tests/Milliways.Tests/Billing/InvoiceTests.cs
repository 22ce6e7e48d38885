using System.Text;
using Milliways.Billing;
using Milliways.Credits;
using Milliways.Credits.Books;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Billing;

/// <summary>Monthly invoices, in a whole server. Its clock begins with 2025.</summary>
public class InvoiceTests
{
    private static readonly Actor Me = OperatorActor.Instance;
    private const long Dollar = Money.TicksPerDollar;
    internal const string Config = $$"""
        { {{Booked.NoMonthly}}, "billing": { "series": "MW-", "seller": { "name": "Books & <Bytes>", "address": ["1 Road"], "taxNumber": "DE1" }, "taxes": [ { "name": "VAT", "percent": "19" } ] } }
        """;

    [Fact]
    public async Task A_months_invoice_has_a_line_for_each_model_and_is_rounded_once()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(Config, clock);
        var team = server.Server.Team.Id;
        await server.Service<CreditCommands>().PurchaseAsync(Me, server.Account, 10 * Dollar, "paid", default);
        await server.ChargeAsync(team, "a", 1 * Dollar + 4_000_000);
        await server.ChargeAsync(team, "b", 2 * Dollar + 40_000_000);
        await server.ChargeAsync(team, "a", 40_000_000);
        await Refused(server, "2025-01", "not over");
        clock.Jump(TimeSpan.FromDays(31));
        var made = Assert.Single(await server.Service<InvoiceCommands>().MakeAsync(Me, null, null, default));
        Assert.Equal(("MW-000001", "2025-01", "UTC", server.Account), (made.Number, made.Month, made.TimeZone, made.Team));
        Assert.Equal([("a", 2, 20L, 1 * Dollar + 44_000_000), ("b", 1, 10L, 2 * Dollar + 40_000_000)], made.Lines.Select(line => (line.Model, (int)line.Answers, line.OutputTokens, line.AmountTicks)));
        // 3.0084 dollars are 301 cents; each line for itself would have made 300.
        Assert.Equal((3 * Dollar + 84_000_000, 301, 57, 358), (made.NetTicks, made.NetCents, Assert.Single(made.Taxes).Cents, made.TotalCents));
        Assert.Equal((301, 57), (made.PaidByCreditCents, made.PayableCents));
        Assert.Equal((0, 7 * Dollar - 84_000_000), (made.OpeningTicks, made.ClosingTicks));
        Assert.Empty(await server.Service<InvoiceCommands>().MakeAsync(Me, null, null, default));
        Assert.Equal("MW-000001", Assert.Single(await server.Service<InvoiceCommands>().ListAsync(Me, server.Account)).Number);
        Assert.Contains(server.Service<AuditLog>().List(team, 10, null), entry => entry is { Action: "invoices.make", Object: "invoice:MW-000001" });
    }

    [Fact]
    public async Task What_is_owed_anew_is_payable_and_a_purchase_pays_it()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync($$"""{ {{Booked.NoMonthly}} }""", clock);
        var (credits, invoices) = (server.Service<CreditCommands>(), server.Service<InvoiceCommands>());
        await credits.SetPostpaidAsync(Me, server.Account, 100 * Dollar, default);
        await credits.GrantAsync(Me, server.Account, 2 * Dollar, null, "", default);
        await server.ChargeAsync(server.Server.Team.Id, "m", 5 * Dollar);
        clock.Jump(TimeSpan.FromDays(31));
        var january = Assert.Single(await invoices.MakeAsync(Me, null, null, default));
        Assert.Equal((500, 200, 300), (january.TotalCents, january.PaidByCreditCents, january.PayableCents));
        await credits.PurchaseAsync(Me, server.Account, 3 * Dollar, "invoice 1", default);
        await server.ChargeAsync(server.Server.Team.Id, "m", 1 * Dollar);
        clock.Jump(TimeSpan.FromDays(28));
        var february = Assert.Single(await invoices.MakeAsync(Me, null, null, default));
        Assert.Equal((-3 * Dollar, -1 * Dollar, 100, 100, 0), (february.OpeningTicks, february.ClosingTicks, february.TotalCents, february.PaidByCreditCents, february.PayableCents));
    }

    [Fact]
    public async Task An_invoice_never_changes_whatever_is_charged_or_configured_later()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(Config, clock);
        await server.Service<CreditCommands>().GrantAsync(Me, server.Account, 10 * Dollar, null, "", default);
        clock.Jump(TimeSpan.FromDays(31));
        var made = Assert.Single(await server.Service<InvoiceCommands>().MakeAsync(Me, null, null, default));
        server.Service<BillingInfoStore>().Set(Me, server.Server.Team.Id, new BillingInfo { Name = "Another" });
        await server.ChargeAsync(server.Server.Team.Id, "m", Dollar);
        Assert.Equivalent(made, await server.Service<InvoiceCommands>().ShowAsync(Me, "MW-000001"), strict: true);
        Assert.Equivalent(made, await server.Service<InvoiceCommands>().ShowAsync(Me, made.Id), strict: true);
        Assert.Equal(CommandProblem.NotFound, (await Assert.ThrowsAsync<CommandException>(() => server.Service<InvoiceCommands>().ShowAsync(Me, "XX-000001"))).Problem);
        clock.Jump(TimeSpan.FromDays(28));
        Assert.Equal("Another", Assert.Single(await server.Service<InvoiceCommands>().MakeAsync(Me, null, null, default)).Buyer.Name);
    }

    [Fact]
    public async Task Invoices_follow_each_other_without_a_gap_for_any_charges_and_times()
    {
        var scripts = new List<int[]>();
        Dice.Check(dice => scripts.Add([.. Enumerable.Range(0, 60).Select(_ => dice.Upto(9973))]), tests: 8);
        foreach (var script in scripts)
        {
            var (dice, clock) = (new Dice(script), new ManualTime());
            await using var server = await TestServer.StartAsync(Config.Replace("\"series\"", "\"timeZone\": \"America/New_York\", \"series\"", StringComparison.Ordinal), clock);
            var (credits, invoices, team) = (server.Service<CreditCommands>(), server.Service<InvoiceCommands>(), server.Server.Team.Id);
            await credits.SetPostpaidAsync(Me, server.Account, 1000 * Dollar, default);
            for (var step = 0; step < 12; step++)
                switch (dice.Upto(4))
                {
                    case 0: await credits.GrantAsync(Me, server.Account, 1 + dice.Upto(9000) * 1_234_567L, null, "", default); break;
                    case 1: await server.ChargeAsync(team, "m" + dice.Upto(3), dice.Upto(9000) * 987_654L); break;
                    case 2: clock.Jump(TimeSpan.FromHours(dice.Upto(1500))); break;
                    default: await invoices.MakeAsync(Me, null, null, default); break;
                }
            clock.Jump(TimeSpan.FromDays(40));
            await invoices.MakeAsync(Me, null, null, default);
            var all = await invoices.ListAsync(Me, server.Account);
            var statement = await credits.StatementAsync(Me, server.Account, new StatementRange(null, null, 0, 10_000), ledger: false, default);
            Assert.Equal(Enumerable.Range(1, all.Count).Select(number => $"MW-{number:000000}"), all.Select(invoice => invoice.Number));
            var (balance, seq) = (0L, 0L);
            foreach (var invoice in all)
            {
                Assert.Equal((balance, seq + 1), (invoice.OpeningTicks, invoice.FirstSeq));
                Assert.Equal(invoice.ClosingTicks, invoice.OpeningTicks + invoice.Movements.Sum(movement => movement.AmountTicks));
                Assert.Equal(invoice.NetTicks, invoice.Lines.Sum(line => line.AmountTicks));
                Assert.Equal(-invoice.NetTicks, invoice.Movements.Where(movement => movement.Kind == "charge").Sum(movement => movement.AmountTicks));
                Assert.Equal(invoice.TotalCents, invoice.NetCents + invoice.Taxes.Sum(tax => tax.Cents));
                Assert.Equal(invoice.TotalCents, invoice.PaidByCreditCents + invoice.PayableCents);
                Assert.InRange(invoice.NetCents * Cents.Ticks - invoice.NetTicks, -Cents.Ticks / 2, Cents.Ticks / 2);
                (balance, seq) = (invoice.ClosingTicks, invoice.LastSeq);
            }
            Assert.Equal((statement.ClosingTicks, statement.Entries.Count == 0 ? 0 : statement.Entries[^1].Seq), (balance, seq));
        }
    }

    [Fact]
    public async Task A_month_begins_where_the_time_zone_says()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync($$"""{ {{Booked.NoMonthly}}, "billing": { "timeZone": "Asia/Tokyo" } }""", clock);
        clock.Jump(new DateTimeOffset(2025, 1, 31, 14, 59, 59, TimeSpan.Zero) - clock.GetUtcNow());
        await server.Service<CreditCommands>().GrantAsync(Me, server.Account, Dollar, null, "january", default);
        clock.Jump(TimeSpan.FromSeconds(1));
        await server.Service<CreditCommands>().GrantAsync(Me, server.Account, 2 * Dollar, null, "february", default);
        var january = Assert.Single(await server.Service<InvoiceCommands>().MakeAsync(Me, null, null, default));
        Assert.Equal(("2025-01", Dollar, "2025-01-31T15:00:00.000Z"), (january.Month, january.ClosingTicks, january.To));
    }

    [Fact]
    public async Task Many_at_once_make_each_invoice_once_and_number_them_without_a_gap()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(Config, clock);
        var teams = Enumerable.Range(0, 5).Select(i => server.Service<TeamCommands>().Create(Me, $"t{i}")).ToList();
        foreach (var team in teams)
            await server.Service<CreditCommands>().GrantAsync(Me, team.Account, Dollar, null, "", default);
        clock.Jump(TimeSpan.FromDays(31));
        using var beside = server.OpenLedger();
        var terms = new InvoiceTerms("MW-", new InvoiceParty("", [], "", ""), new InvoiceParty("", [], "", ""), []);
        var month = InvoiceMonth.At(clock.GetUtcNow(), TimeZoneInfo.Utc).Previous;
        var made = (await Task.WhenAll(
            Task.Run(async () => (await server.Service<InvoiceCommands>().MakeAsync(Me, null, null, default)).ToList()),
            Task.Run(async () => (await server.Service<InvoiceCommands>().MakeAsync(Me, null, null, default)).ToList()),
            Task.Run(() => teams.SelectMany(team => beside.Transact(session => InvoiceBook.Make(session, team.Id, month, terms, clock.GetUtcNow()))).ToList()))).SelectMany(list => list).ToList();
        Assert.Equal(5, made.Select(invoice => invoice.Team).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, 5).Select(number => $"MW-{number:000000}"), made.Select(invoice => invoice.Number).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task They_are_made_by_themselves_an_hour_after_the_month_where_the_configuration_says_so()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync($$"""{ {{Booked.NoMonthly}}, "billing": { "invoices": true } }""", clock);
        await server.Service<CreditCommands>().GrantAsync(Me, server.Account, Dollar, null, "", default);
        clock.Jump(TimeSpan.FromDays(31) + TimeSpan.FromHours(1));
        while (await server.Service<InvoiceCommands>().ListAsync(Me, server.Account) is not { Count: 1 })
            clock.Advance(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Only_those_who_may_see_a_teams_money_see_its_invoices()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(Config, clock);
        await server.Service<CreditCommands>().GrantAsync(Me, server.Account, Dollar, null, "", default);
        clock.Jump(TimeSpan.FromDays(31));
        await server.Service<InvoiceCommands>().MakeAsync(Me, null, null, default);
        foreach (var (role, problem) in new (Role?, CommandProblem?)[] { (Role.Owner, null), (Role.Admin, null), (Role.Member, CommandProblem.Forbidden), (null, CommandProblem.NotFound) })
        {
            var actor = new UserActor(Guid.Empty, role is { } given ? new Dictionary<Guid, Role> { [server.Server.Team.Id] = given } : []);
            Assert.Equal(problem, (await Record.ExceptionAsync(() => server.Service<InvoiceCommands>().ShowAsync(actor, "MW-000001")) as CommandException)?.Problem);
            Assert.Equal(problem, (await Record.ExceptionAsync(() => server.Service<InvoiceCommands>().ListAsync(actor, server.Account)) as CommandException)?.Problem);
            Assert.Equal(CommandProblem.Forbidden, (await Record.ExceptionAsync(() => server.Service<InvoiceCommands>().MakeAsync(actor, null, null, default)) as CommandException)?.Problem);
        }
    }

    [Theory]
    [InlineData("=1+2", "'=1+2")]
    [InlineData(" @x", "\"' @x\"")]
    [InlineData("-a", "'-a")]
    [InlineData("\t=1", "\"'\t=1\"")]
    [InlineData("a,\"b\"", "\"a,\"\"b\"\"\"")]
    [InlineData("grok-beta", "grok-beta")]
    public void No_text_becomes_a_formula_of_a_spreadsheet(string text, string field) => Assert.Equal(field, InvoiceCsv.Field(text));

    [Fact]
    public void Whatever_is_named_in_an_invoice_its_page_is_text_and_its_csv_has_the_same_columns_in_each_row()
    {
        const string Evil = "<script>alert('x')</script>\"\n=cmd|' /C calc'!A0,";
        var invoice = new Invoice("id", Evil, "team", "2025-01", "UTC", "f", "t", "2025-02-01T00:00:00Z")
        {
            Seller = new InvoiceParty(Evil, [Evil], Evil, Evil), Buyer = new InvoiceParty(Evil, [Evil], Evil, Evil), Lines = [new InvoiceLine(Evil, 1, 2, 3, 4, 5, 6)], Taxes = [new InvoiceTax(Evil, "19", 1)],
            Movements = [new InvoiceMovement("charge", 1, -6)], NetTicks = 6, NetCents = 0, TotalCents = 1, PaidByCreditCents = 0, PayableCents = 1, OpeningTicks = 0, ClosingTicks = -6, FirstSeq = 1, LastSeq = 1,
        };
        var page = InvoicePage.Of(invoice);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.All(Rows(InvoiceCsv.Of(invoice)), row => Assert.Equal(11, row.Count));
        Assert.DoesNotContain("\n=", InvoiceText.Of(invoice), StringComparison.Ordinal);
    }

    /// <summary>RFC 4180, read by hand.</summary>
    private static List<List<string>> Rows(string csv)
    {
        var (rows, row, field, quoted) = (new List<List<string>>(), new List<string>(), new StringBuilder(), false);
        foreach (var letter in csv)
            if (letter == '"')
                quoted = !quoted;
            else if (!quoted && letter is ',' or '\n' && !quoted)
            {
                row.Add(field.ToString());
                field.Clear();
                if (letter == ',')
                    continue;
                rows.Add(row);
                row = [];
            }
            else
                field.Append(letter);
        return rows;
    }

    private static async Task Refused(TestServer server, string month, string because) => Assert.Contains(because,
        (await Assert.ThrowsAsync<CommandException>(() => server.Service<InvoiceCommands>().MakeAsync(Me, null, month, default))).Message, StringComparison.Ordinal);
}
