using System.Text;
using Milliways.Credits;

namespace Milliways.Billing;

/// <summary>An invoice on a terminal.</summary>
internal static class InvoiceText
{
    public static string Of(Invoice invoice)
    {
        var text = new StringBuilder();
        void Row(string label, string amount) => text.Append(label.PadRight(48)).Append(amount.PadLeft(20)).Append('\n');
        text.Append($"Invoice {Plain(invoice.Number)} for {invoice.Month} ({invoice.TimeZone}), team {invoice.Team}\n{Plain(invoice.Seller.Name)} to {Plain(invoice.Buyer.Name)}\n\n");
        foreach (var line in invoice.Lines)
            Row($"{Plain(line.Model)} ({line.Answers} answers)", Money.Format(line.AmountTicks));
        Row("net, USD", Cents.Format(invoice.NetCents));
        foreach (var tax in invoice.Taxes)
            Row($"{Plain(tax.Name)} {tax.Percent} %", Cents.Format(tax.Cents));
        Row("total", Cents.Format(invoice.TotalCents));
        Row("paid by credit", Cents.Format(-invoice.PaidByCreditCents));
        Row("payable", Cents.Format(invoice.PayableCents));
        text.Append('\n');
        Row("opening balance", Money.Format(invoice.OpeningTicks));
        foreach (var movement in invoice.Movements)
            Row($"{movement.Kind} ({movement.Entries})", Money.Format(movement.AmountTicks));
        Row("closing balance", Money.Format(invoice.ClosingTicks));
        return text.ToString();
    }

    /// <summary>What callers and teams named, without what would move a terminal's cursor.</summary>
    private static string Plain(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
}
