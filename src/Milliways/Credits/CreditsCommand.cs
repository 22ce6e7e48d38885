using System.CommandLine;
using System.Globalization;
using Milliways.Hosting;
using Milliways.Hosting.Admin;
using Milliways.Hosting.Configuration;
using Milliways.Teams;

namespace Milliways.Credits;

/// <summary><c>milliways credits</c> and <c>milliways admin check</c>.</summary>
internal static class CreditsCommand
{
    public static Command Create() => new("credits",
        "Show and change what teams may spend. Amounts are US dollars.\n\nExamples:\n  milliways credits show --json\n  milliways credits purchase 100 --team TEAM --reason \"invoice 17\"\n  milliways credits adjust --reason \"billed twice\" -- -2.50\n  milliways credits statement --from 2024-11-01 --to 2024-11-30 --ledger")
    {
        Show(), Grant(),
        Change("purchase", "Add credit that was paid for; a bonus rule adds its own", CreditsAdmin.Purchase),
        Change("adjust", "Correct a balance, up or down, with a reason", CreditsAdmin.Adjust),
        Statement(), Holds(), Promo(), Limit(), Postpaid(),
    };

    public static Command Check()
    {
        var options = DoorOptions.Create();
        var check = options.Command("check", "Prove the books: sums, balances, holds, the journal; exits with 1 when something is wrong");
        check.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, CreditsAdmin.Check, new CheckRequest(), report =>
        {
            foreach (var problem in report.Problems)
                Console.WriteLine(problem);
            Console.WriteLine(report.Ok ? $"{report.Teams} teams, {report.Entries} entries, {report.Charges} charges: right" : $"{report.Problems.Count} problems");
        }, report => report.Ok ? ExitCode.Done : ExitCode.Failed));
        return check;
    }

    private static Command Show()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var show = options.Command("show", "Show a team's balance and grants", team);
        show.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, CreditsAdmin.Show, new CreditsRef(parsed.GetValue(team)), Print));
        return show;
    }

    private static Command Grant()
    {
        var (options, team, amount, reason) = (DoorOptions.Create(), TeamOptions.Team(), Amount(), Reason());
        var expires = Moment("--expires", "When it ends: 30d from now, or a day (2024-12-31: at its end); never when nothing is said");
        var grant = options.Command("grant", "Give credit for nothing", amount, team, reason, expires);
        grant.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, CreditsAdmin.Grant,
            new GrantCredit(parsed.GetValue(team), Ticks(parsed.GetValue(amount)!), ReadMoment(parsed.GetValue(expires), "--expires"), parsed.GetValue(reason)!), Print));
        return grant;
    }

    private static Command Change(string word, string description, AdminCommand<ChangeCredit, CreditChange> command)
    {
        var (options, team, amount, reason) = (DoorOptions.Create(), TeamOptions.Team(), Amount(), Reason());
        var change = options.Command(word, description, amount, team, reason);
        change.SetAction((parsed, _) => AdminDoor.RunAsync(
            parsed, options, command, new ChangeCredit(parsed.GetValue(team), Ticks(parsed.GetValue(amount)!), parsed.GetValue(reason)!), Print));
        return change;
    }

    private static Command Statement()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var (from, to) = (Day("--from", "The first day (UTC), or a time"), Day("--to", "The last day, or the time before which it ends"));
        var after = new Option<long>("--after") { Description = "Only entries with a higher number: the next page", HelpName = "SEQ" };
        var limit = new Option<int>("--limit") { Description = "At most so many entries", HelpName = "N", DefaultValueFactory = _ => 1000 };
        var ledger = new Option<bool>("--ledger") { Description = "Every posting too, the operator's accounts included" };
        var statement = options.Command("statement", "Show a team's entries: opening balance + entries = closing balance", team, from, to, after, limit, ledger);
        statement.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, CreditsAdmin.ShowStatement, new StatementQuery(
            parsed.GetValue(team), ReadDay(parsed.GetValue(from), "--from", days: 0), ReadDay(parsed.GetValue(to), "--to", days: 1), parsed.GetValue(after), parsed.GetValue(limit), parsed.GetValue(ledger)), shown =>
        {
            Console.WriteLine($"opening {Money.Format(shown.OpeningTicks),14}");
            foreach (var entry in shown.Entries)
                Console.WriteLine($"{entry.Seq,7}  {entry.Time}  {entry.Kind,-10} {Money.Format(entry.AmountTicks),14} {Money.Format(entry.BalanceTicks),14}  {entry.Model} {entry.RequestId}{entry.Reason}");
            foreach (var posting in shown.Postings ?? [])
                Console.WriteLine($"{posting.Seq,7}  {posting.Time}  {posting.Kind,-10} {Money.Format(posting.AmountTicks),14}  {posting.Account}");
            Console.WriteLine($"closing {Money.Format(shown.ClosingTicks),14}, held {Money.Format(shown.HeldTicks)}");
        }));
        return statement;
    }

    private static Command Holds()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var holds = options.Command("holds", "List what is set aside for running requests; of all teams when none is named", team);
        holds.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, CreditsAdmin.Holds, new CreditsRef(parsed.GetValue(team)), shown =>
        {
            foreach (var hold in shown.Holds)
                Console.WriteLine($"{hold.RequestId}  {hold.Team}  {Money.Format(hold.Ticks)}  {hold.AgeSeconds:0.0} s  {hold.Replica}");
        }));
        return holds;
    }

    private static Command Promo()
    {
        var (options, amount) = (DoorOptions.Create(), Amount());
        var code = new Option<string?>("--code") { Description = "The code; one that nobody guesses when nothing is said", HelpName = "CODE" };
        var most = new Option<int>("--most") { Description = "How many teams may redeem it", HelpName = "N", DefaultValueFactory = _ => 1 };
        var until = Moment("--until", "How long it may be redeemed: 30d from now, or a day");
        var lasts = new Option<string?>("--lasts") { Description = "How long the credit lasts from then on, such as 90d", HelpName = "TIME" };
        var create = options.Command("create", "Make a promotional code", amount, code, most, until, lasts);
        create.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, CreditsAdmin.CreatePromo, new CreatePromo(
            parsed.GetValue(code), Ticks(parsed.GetValue(amount)!), parsed.GetValue(most), ReadMoment(parsed.GetValue(until), "--until"), Seconds(parsed.GetValue(lasts))), made => Console.WriteLine(made.Code)));

        var (redeemOptions, team, redeemed) = (DoorOptions.Create(), TeamOptions.Team(), new Argument<string>("code") { Description = "The code" });
        var redeem = redeemOptions.Command("redeem", "Redeem a promotional code for a team", redeemed, team);
        redeem.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, redeemOptions, CreditsAdmin.RedeemPromo, new RedeemPromo(parsed.GetValue(team), parsed.GetValue(redeemed)!), Print));
        return new Command("promo", "Make and redeem promotional codes") { create, redeem };
    }

    private static Command Limit()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var gateway = new Option<string?>("--gateway") { Description = "Of one gateway instead of the whole team", HelpName = "NAME" };
        var soft = new Option<string?>("--soft") { Description = "Dollars a month; passing them is told; none when nothing is said", HelpName = "USD" };
        var hard = new Option<string?>("--hard") { Description = "Dollars a month; beyond them requests are refused; none when nothing is said", HelpName = "USD" };
        var limit = options.Command("limit", "Bound what a team spends in a calendar month (UTC)", team, gateway, soft, hard);
        limit.Aliases.Add("spending-limit");
        limit.SetAction((parsed, _) => AdminDoor.RunAsync(
            parsed, options, CreditsAdmin.Limit, new SetSpendingLimit(parsed.GetValue(team), parsed.GetValue(gateway), OptionalTicks(parsed.GetValue(soft)), OptionalTicks(parsed.GetValue(hard))), Print));
        return limit;
    }

    private static Command Postpaid()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var amount = new Argument<string>("amount") { Description = "Dollars that the team may owe, or default for what the configuration says" };
        var postpaid = options.Command("postpaid", "Set what a team may owe", amount, team);
        postpaid.SetAction((parsed, _) => AdminDoor.RunAsync(
            parsed, options, CreditsAdmin.Postpaid, new SetPostpaid(parsed.GetValue(team), parsed.GetValue(amount) is "default" ? null : Ticks(parsed.GetValue(amount)!)), Print));
        return postpaid;
    }

    private static Argument<string> Amount() => new("amount") { Description = "US dollars, such as 25.00" };

    private static Option<string> Reason() => new("--reason") { Description = "What for; it stands in the statement", HelpName = "TEXT", DefaultValueFactory = _ => "" };

    private static Option<string?> Moment(string name, string description) => new(name) { Description = description, HelpName = "TIME" };

    private static Option<string?> Day(string name, string description) => new(name) { Description = description, HelpName = "DAY" };

    private static long Ticks(string dollars) => Money.TryParse(dollars, out var ticks) ? ticks
        : throw new UserErrorException($"\"{dollars}\" is no amount: write US dollars with at most ten decimals, such as 25.00.", ExitCode.Usage);

    private static long? OptionalTicks(string? dollars) => dollars is null ? null : Ticks(dollars);

    private static double? Seconds(string? duration) => duration is null ? null : Durations.TryParse(duration, out var parsed) ? parsed.TotalSeconds
        : throw new UserErrorException($"\"{duration}\" is no duration: write it as 90d or 24h.", ExitCode.Usage);

    private static DateTimeOffset? ReadMoment(string? text, string option) => text is not null && Durations.TryParse(text, out var duration)
        ? TimeProvider.System.GetUtcNow() + duration : ReadDay(text, option, days: 1);

    /// <summary>A day's begin (UTC) so many days later, or the time that is written.</summary>
    private static DateTimeOffset? ReadDay(string? text, string option, int days)
    {
        if (text is null)
            return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return new DateTimeOffset(day.AddDays(days), TimeOnly.MinValue, TimeSpan.Zero);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
            : throw new UserErrorException($"\"{text}\" of {option} is no day: write it as 2024-11-01.", ExitCode.Usage);
    }

    private static void Print(CreditsShown shown)
    {
        Console.WriteLine($"team {shown.Team}: {shown.Balance} dollars, {Money.Format(shown.HeldTicks)} held, {Money.Format(shown.AvailableTicks)} available");
        foreach (var grant in shown.Grants)
            Console.WriteLine($"  {grant.Kind,-10} {Money.Format(grant.LeftTicks)} of {Money.Format(grant.AmountTicks)}, {(grant.Expires is null ? "never ends" : $"until {grant.Expires}")}");
    }

    private static void Print(CreditChange change) => Console.WriteLine(
        $"team {change.Team}: {change.Kind} {Money.Format(change.AmountTicks)}{(change.BonusTicks > 0 ? $" and a bonus of {Money.Format(change.BonusTicks)}" : "")}, balance {Money.Format(change.BalanceTicks)} dollars");
}
