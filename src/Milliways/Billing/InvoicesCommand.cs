using System.CommandLine;
using Milliways.Hosting.Admin;
using Milliways.Teams;

namespace Milliways.Billing;

/// <summary><c>milliways invoices</c>.</summary>
internal static class InvoicesCommand
{
    public static Command Create() => new("invoices",
        "Make and show monthly invoices.\n\nExamples:\n  milliways invoices make --month 2024-11\n  milliways invoices list --team TEAM --json\n  milliways invoices show MW-000017 --format html > invoice.html")
    {
        Make(), List(), Show(),
    };

    private static Command Make()
    {
        var options = DoorOptions.Create();
        var team = new Option<string?>("--team") { Description = "Of one team only", HelpName = "TEAM" };
        var month = new Option<string?>("--month") { Description = "Up to this month; the last one that is over when nothing is said", HelpName = "YYYY-MM" };
        var make = options.Command("make", "Make the invoices that are missing; what is made stays as it is", team, month);
        make.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, InvoicesAdmin.Make, new MakeInvoices(parsed.GetValue(team), parsed.GetValue(month)), Print));
        return make;
    }

    private static Command List()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var list = options.Command("list", "List a team's invoices, oldest first", team);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, InvoicesAdmin.ListAll, new InvoicesOf(parsed.GetValue(team)), Print));
        return list;
    }

    private static Command Show()
    {
        var options = DoorOptions.Create();
        var number = new Argument<string>("number") { Description = "The invoice's number or id" };
        var format = new Option<string>("--format") { Description = "text, csv for a spreadsheet, or html for a browser and its printer", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "csv", "html");
        var show = options.Command("show", "Show an invoice", number, format);
        show.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, InvoicesAdmin.Show, new InvoiceRef(parsed.GetValue(number)!), invoice => Console.Write(parsed.GetValue(format) switch
        {
            "csv" => InvoiceCsv.Of(invoice),
            "html" => InvoicePage.Of(invoice),
            _ => InvoiceText.Of(invoice),
        })));
        return show;
    }

    private static void Print(InvoiceList list)
    {
        foreach (var invoice in list.Invoices)
            Console.WriteLine($"{invoice.Number}  {invoice.Team}  {invoice.Month}  {Cents.Format(invoice.TotalCents),12}  payable {Cents.Format(invoice.PayableCents),12}");
    }
}
