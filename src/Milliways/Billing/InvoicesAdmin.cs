using Milliways.Hosting.Admin;

namespace Milliways.Billing;

/// <summary>Invoices in the registry of commands. The books are opened when the first of these commands needs them.</summary>
internal sealed class InvoicesAdmin(IServiceProvider services) : IAdminCommandSet
{
    public static readonly AdminCommand<MakeInvoices, InvoiceList> Make = new("invoices make", InvoiceJson.Default.MakeInvoices, InvoiceJson.Default.InvoiceList);
    public static readonly AdminCommand<InvoicesOf, InvoiceList> ListAll = new("invoices list", InvoiceJson.Default.InvoicesOf, InvoiceJson.Default.InvoiceList);
    public static readonly AdminCommand<InvoiceRef, Invoice> Show = new("invoices show", InvoiceJson.Default.InvoiceRef, InvoiceJson.Default.Invoice);

    private InvoiceCommands Invoices => services.GetRequiredService<InvoiceCommands>();

    public void AddTo(AdminCommands commands)
    {
        commands.AddAsync(Make, async (actor, request) => Summaries(await Invoices.MakeAsync(actor, request.Team, request.Month, default)));
        commands.AddAsync(ListAll, async (actor, request) => Summaries(await Invoices.ListAsync(actor, request.Team)));
        commands.AddAsync(Show, (actor, request) => new(Invoices.ShowAsync(actor, request.Number)));
    }

    private static InvoiceList Summaries(IReadOnlyList<Invoice> invoices) => new([.. invoices.Select(InvoiceSummary.Of)]);
}
