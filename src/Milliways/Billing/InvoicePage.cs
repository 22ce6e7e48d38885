using System.Net;
using System.Text;
using Milliways.Credits;

namespace Milliways.Billing;

/// <summary>An invoice for a browser and its printer: one page that loads nothing and runs nothing, everything in it escaped.</summary>
internal static class InvoicePage
{
    private const string Style = """
        body{font:14px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#111}
        table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{padding:.25rem .5rem;border-bottom:1px solid #ccc;text-align:right}
        td:first-child,th:first-child{text-align:left}.parties{display:flex;gap:4rem}.total td{font-weight:bold}
        @media print{body{margin:0;max-width:none}}
        """;

    public static string Of(Invoice invoice)
    {
        var page = new StringBuilder();
        void Row(string label, string amount, string kind = "") => page.Append($"<tr{kind}><td>{Escape(label)}</td><td>{amount}</td></tr>\n");
        page.Append(
            $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>Invoice {Escape(invoice.Number)}</title><style>{Style}</style></head><body>
            <h1>Invoice {Escape(invoice.Number)}</h1>
            <p>{Escape(invoice.Month)} ({Escape(invoice.TimeZone)}), made {Escape(invoice.Made[..10])}, team {Escape(invoice.Team)}. All amounts in US dollars.</p>
            <div class="parties"><div><strong>From</strong><br>{Party(invoice.Seller)}</div><div><strong>To</strong><br>{Party(invoice.Buyer)}</div></div>
            <table><tr><th>Model</th><th>Answers</th><th>Input tokens</th><th>of them cached</th><th>Output tokens</th><th>Images</th><th>Amount</th></tr>

            """);
        foreach (var line in invoice.Lines)
            page.Append($"<tr><td>{Escape(line.Model)}</td><td>{line.Answers}</td><td>{line.InputTokens}</td><td>{line.CachedTokens}</td><td>{line.OutputTokens}</td><td>{line.Images}</td><td>{Money.Format(line.AmountTicks)}</td></tr>\n");
        page.Append("</table>\n<table>\n");
        Row("Net", Cents.Format(invoice.NetCents));
        foreach (var tax in invoice.Taxes)
            Row($"{tax.Name} {tax.Percent} %", Cents.Format(tax.Cents));
        Row("Total", Cents.Format(invoice.TotalCents), " class=\"total\"");
        Row("Paid by credit", Cents.Format(-invoice.PaidByCreditCents));
        Row("Payable", Cents.Format(invoice.PayableCents), " class=\"total\"");
        page.Append("</table>\n<h2>Account</h2>\n<table>\n");
        Row("Opening balance", Money.Format(invoice.OpeningTicks));
        foreach (var movement in invoice.Movements)
            Row($"{movement.Kind} ({movement.Entries})", Money.Format(movement.AmountTicks));
        Row("Closing balance", Money.Format(invoice.ClosingTicks), " class=\"total\"");
        return page.Append("</table>\n</body></html>\n").ToString();
    }

    private static string Party(InvoiceParty party) => string.Join("<br>", ((string[])[party.Name, .. party.Address, party.TaxNumber, party.Email]).Where(line => line.Length > 0).Select(Escape));

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
