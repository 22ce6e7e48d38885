using System.Text.Json.Serialization;

namespace Milliways.Billing;

/// <summary>
/// What one team used in one month, as it was told: never changed afterwards. Times are RFC 3339 in UTC; amounts are ticks where they are exact, and US cents
/// where they are rounded, which happens once to the net amount and once to each tax.
/// </summary>
/// <param name="Id">A UUID.</param>
/// <param name="Number">The series' prefix and the number, which runs from 1 in the installation without a gap.</param>
/// <param name="Team">The team's id.</param>
/// <param name="Month">As <c>2024-11</c>.</param>
/// <param name="TimeZone">Where the month begins and ends.</param>
/// <param name="From">The month's first instant.</param>
/// <param name="To">The first instant of the next one.</param>
/// <param name="Made">When.</param>
internal sealed record Invoice(string Id, string Number, string Team, string Month, string TimeZone, string From, string To, string Made)
{
    public string Currency => "USD";

    public required InvoiceParty Seller { get; init; }

    public required InvoiceParty Buyer { get; init; }

    /// <summary>One for each model that was used; their sum is <see cref="NetTicks"/>.</summary>
    public required IReadOnlyList<InvoiceLine> Lines { get; init; }

    public required long NetTicks { get; init; }

    /// <summary>Half a cent is rounded up.</summary>
    public required long NetCents { get; init; }

    public required IReadOnlyList<InvoiceTax> Taxes { get; init; }

    public required long TotalCents { get; init; }

    /// <summary>The part of the net amount that the team's credit has paid for already.</summary>
    public required long PaidByCreditCents { get; init; }

    public required long PayableCents { get; init; }

    /// <summary>The team's account in the month: opening + all of these = closing.</summary>
    public required IReadOnlyList<InvoiceMovement> Movements { get; init; }

    public required long OpeningTicks { get; init; }

    public required long ClosingTicks { get; init; }

    /// <summary>The entries of the team's statement that it tells of; the next one goes on behind them.</summary>
    public required long FirstSeq { get; init; }

    public required long LastSeq { get; init; }
}

/// <summary>Seller or buyer; what is empty is not printed.</summary>
internal sealed record InvoiceParty(string Name, IReadOnlyList<string> Address, string TaxNumber, string Email);

/// <param name="Model">As callers named it.</param>
/// <param name="InputTokens">All of the prompts, cached ones included.</param>
/// <param name="OutputTokens">Reasoning included.</param>
internal sealed record InvoiceLine(string Model, long Answers, long InputTokens, long CachedTokens, long OutputTokens, long Images, long AmountTicks);

/// <param name="Percent">A decimal text: <c>19</c>.</param>
internal sealed record InvoiceTax(string Name, string Percent, long Cents);

/// <param name="Kind">As in the statement: grant, bonus, purchase, charge, adjustment, expiry.</param>
/// <param name="AmountTicks">What the balance changed by.</param>
internal sealed record InvoiceMovement(string Kind, long Entries, long AmountTicks);

/// <summary>An invoice in a list.</summary>
internal sealed record InvoiceSummary(string Number, string Id, string Team, string Month, string Made, long NetCents, long TotalCents, long PayableCents)
{
    public static InvoiceSummary Of(Invoice invoice) =>
        new(invoice.Number, invoice.Id, invoice.Team, invoice.Month, invoice.Made, invoice.NetCents, invoice.TotalCents, invoice.PayableCents);
}

internal sealed record InvoiceList(IReadOnlyList<InvoiceSummary> Invoices);

/// <param name="Team">Null: all.</param>
/// <param name="Month">The last month to make, as <c>2024-11</c>; null: the last one that is over.</param>
internal sealed record MakeInvoices(string? Team, string? Month);

internal sealed record InvoicesOf(string? Team);

/// <param name="Number">The invoice's number or its id.</param>
internal sealed record InvoiceRef(string Number);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Invoice))]
[JsonSerializable(typeof(InvoiceList))]
[JsonSerializable(typeof(MakeInvoices))]
[JsonSerializable(typeof(InvoicesOf))]
[JsonSerializable(typeof(InvoiceRef))]
internal sealed partial class InvoiceJson : JsonSerializerContext;
