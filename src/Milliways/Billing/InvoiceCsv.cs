using System.Globalization;
using System.Text;
using Milliways.Credits;

namespace Milliways.Billing;

/// <summary>An invoice for a spreadsheet: RFC 4180, and no text of somebody else's becomes a formula there.</summary>
internal static class InvoiceCsv
{
    private const string Head = "number,month,team,kind,name,entries,input_tokens,cached_tokens,output_tokens,images,amount_usd";

    public static string Of(Invoice invoice)
    {
        var csv = new StringBuilder(Head).Append("\r\n");
        void Row(string kind, string name, string amount, params ReadOnlySpan<long> counts)
        {
            foreach (var text in (ReadOnlySpan<string>)[invoice.Number, invoice.Month, invoice.Team, kind, name])
                csv.Append(Field(text)).Append(',');
            for (var i = 0; i < 5; i++)
                csv.Append(i < counts.Length ? counts[i].ToString(CultureInfo.InvariantCulture) : "").Append(',');
            csv.Append(amount).Append("\r\n");
        }
        foreach (var line in invoice.Lines)
            Row("usage", line.Model, Money.Format(line.AmountTicks), line.Answers, line.InputTokens, line.CachedTokens, line.OutputTokens, line.Images);
        Row("net", "", Cents.Format(invoice.NetCents));
        foreach (var tax in invoice.Taxes)
            Row("tax", $"{tax.Name} {tax.Percent} %", Cents.Format(tax.Cents));
        Row("total", "", Cents.Format(invoice.TotalCents));
        Row("paid_by_credit", "", Cents.Format(-invoice.PaidByCreditCents));
        Row("payable", "", Cents.Format(invoice.PayableCents));
        Row("opening", "", Money.Format(invoice.OpeningTicks));
        foreach (var movement in invoice.Movements)
            Row("movement", movement.Kind, Money.Format(movement.AmountTicks), movement.Entries);
        Row("closing", "", Money.Format(invoice.ClosingTicks));
        return csv.ToString();
    }

    /// <summary>Spreadsheets take a cell that begins with one of these for a formula, even in quotes: an apostrophe makes it a text.</summary>
    internal static string Field(string text)
    {
        if (text.TrimStart(' ') is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20', ..])
            text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n\t ;") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
