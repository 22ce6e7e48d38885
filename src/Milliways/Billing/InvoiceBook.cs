using System.Globalization;
using System.Text.Json;
using Milliways.Credits.Books;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Billing;

/// <summary>What an invoice says beside the books.</summary>
internal sealed record InvoiceTerms(string Series, InvoiceParty Seller, InvoiceParty Buyer, IReadOnlyList<TaxConfig> Taxes);

/// <summary>
/// Invoices in the database. One tells of the entries behind those of the one before it, up to the month's end: so nothing is told twice and nothing is left out,
/// even when a charge came into the books late; that one stands in the next invoice.
/// </summary>
internal static class InvoiceBook
{
    /// <summary>Makes what is missing of a team up to a month, inside the caller's transaction. A month without entries has no invoice.</summary>
    /// <param name="session">In a transaction.</param>
    /// <param name="team">Whose.</param>
    /// <param name="last">The last month to make; it is over.</param>
    /// <param name="terms">What they say.</param>
    /// <param name="now">When they are made.</param>
    public static List<Invoice> Make(DatabaseSession session, Guid team, InvoiceMonth last, InvoiceTerms terms, DateTimeOffset now)
    {
        // Numbers are given by one at a time, whatever the number of processes; who waited here sees what the other has made.
        session.Execute("UPDATE counters SET value = value WHERE name = 'invoices'");
        var made = new List<Invoice>();
        var (seq, month) = Latest(session, team, last.Zone);
        while (NextTime(session, team, seq) is { } time)
        {
            var its = InvoiceMonth.At(time, last.Zone);
            month = month is { } before && its.First <= before.First ? before.Next : its;
            if (month.Value.First > last.First)
                break;
            var invoice = Write(session, team, month.Value, seq, terms, now);
            seq = invoice.LastSeq;
            made.Add(invoice);
        }
        return made;
    }

    /// <summary>What the next invoice would say if a month were over now; nothing is made.</summary>
    public static Invoice Preview(DatabaseSession session, Guid team, InvoiceMonth month, InvoiceTerms terms, DateTimeOffset now) =>
        Draft(session, team, month, Latest(session, team, month.Zone).Seq, terms, now);

    /// <summary>Of a team, the oldest first.</summary>
    public static List<Invoice> Of(DatabaseSession session, Guid team) => session.Query(
        "SELECT body FROM invoices WHERE team = $team ORDER BY month", row => Read(row.GetString(0)), ("$team", team.ToString("N")));

    /// <summary>The one with an id, or with a number in any series.</summary>
    public static Invoice? Find(DatabaseSession session, string name)
    {
        var digits = name.AsSpan(name.AsSpan().LastIndexOfAnyExceptInRange('0', '9') + 1);
        var number = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        return session.Query("SELECT body FROM invoices WHERE id = $id OR number = $number", row => Read(row.GetString(0)), ("$id", name), ("$number", number))
            .Find(invoice => invoice.Id == name || invoice.Number == name);
    }

    private static Invoice Read(string body) => JsonSerializer.Deserialize(body, InvoiceJson.Default.Invoice)!;

    private static (long Seq, InvoiceMonth? Month) Latest(DatabaseSession session, Guid team, TimeZoneInfo zone) => session.Query(
        "SELECT last_seq, month FROM invoices WHERE team = $team ORDER BY month DESC LIMIT 1",
        row => (row.GetInt64(0), InvoiceMonth.TryParse(row.GetString(1), zone, out var month) ? month : (InvoiceMonth?)null), ("$team", team.ToString("N"))) is [var latest] ? latest : (0, null);

    private static DateTimeOffset? NextTime(DatabaseSession session, Guid team, long seq) => session.Query(
        "SELECT time FROM entries WHERE team = $team AND part = 0 AND seq > $seq ORDER BY seq LIMIT 1",
        row => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), ("$team", team.ToString("N")), ("$seq", seq)) is [var time] ? time : null;

    private static Invoice Write(DatabaseSession session, Guid team, InvoiceMonth month, long after, InvoiceTerms terms, DateTimeOffset now)
    {
        var number = Number(session);
        var invoice = Draft(session, team, month, after, terms, now) with { Number = string.Create(CultureInfo.InvariantCulture, $"{terms.Series}{number:000000}") };
        session.Execute(
            "INSERT INTO invoices (team, month, id, number, first_seq, last_seq, made, body) VALUES ($team, $month, $id, $number, $first, $last, $made, $body)",
            ("$team", invoice.Team), ("$month", invoice.Month), ("$id", invoice.Id), ("$number", number), ("$first", invoice.FirstSeq), ("$last", invoice.LastSeq),
            ("$made", now.ToUnixTimeMilliseconds()), ("$body", JsonSerializer.Serialize(invoice, InvoiceJson.Default.Invoice)));
        return invoice;
    }

    /// <summary>What an invoice of a month would say now, without a number: of everything behind an entry that is before the month's end.</summary>
    private static Invoice Draft(DatabaseSession session, Guid team, InvoiceMonth month, long after, InvoiceTerms terms, DateTimeOffset now)
    {
        var sums = InvoiceSums.Of(session, team, month, after);
        var net = Cents.Of(sums.Net);
        var taxes = terms.Taxes.Select(tax => new InvoiceTax(tax.Name, tax.Percent.ToString(CultureInfo.InvariantCulture), Cents.Percent(net, tax.Percent))).ToList();
        var total = net + taxes.Sum(tax => tax.Cents);
        var paid = net - Math.Min(net, Cents.Of(sums.NewlyOwed));
        return new Invoice(
            Guid.CreateVersion7(now).ToString("D"), "", team.ToString("N"), month.Name, month.Zone.Id,
            Text(month.Begin), Text(month.End), Text(now))
        {
            Seller = terms.Seller, Buyer = terms.Buyer,
            Lines = sums.Lines, NetTicks = sums.Net, NetCents = net, Taxes = taxes, TotalCents = total, PaidByCreditCents = paid, PayableCents = total - paid,
            Movements = sums.Movements, OpeningTicks = sums.Opening, ClosingTicks = sums.Closing, FirstSeq = after + 1, LastSeq = sums.LastSeq,
        };
    }

    private static long Number(DatabaseSession session)
    {
        session.Execute("UPDATE counters SET value = value + 1 WHERE name = 'invoices'");
        return session.Query("SELECT value FROM counters WHERE name = 'invoices'", row => row.GetInt64(0))[0];
    }

    private static string Text(DateTimeOffset time) => StatementReader.Text(time)!;
}
