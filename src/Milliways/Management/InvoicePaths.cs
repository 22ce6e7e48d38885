using System.Globalization;
using System.Text.Json;
using Milliways.Billing;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>Invoices as xAI's billing has them (xai-api 2.3, InvoiceBundle and CoreInvoice); amounts are US cents.</summary>
internal sealed class InvoicePaths(InvoiceCommands invoices)
{
    /// <summary>GET invoices: of one <c>billingCycle</c>, all <c>since</c> one, or those of <c>invoiceIds</c>; without a filter all.</summary>
    public async Task<bool> ListAsync(ManagementRequest request, Utf8JsonWriter writer)
    {
        var (cycle, since) = (Cycle(request.Query, "billingCycle"), Cycle(request.Query, "since"));
        var ids = request.Query["invoiceIds.invoiceIds"].SelectMany(text => (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.Ordinal);
        if ((cycle is null ? 0 : 1) + (since is null ? 0 : 1) + (ids.Count == 0 ? 0 : 1) > 1)
            throw new CommandException(CommandProblem.Invalid, "billingCycle, since and invoiceIds exclude each other: send one of them.");
        var found = (await invoices.ListAsync(request.Actor, request.Id)).Where(invoice =>
            (cycle is null || invoice.Month == cycle) && (since is null || string.CompareOrdinal(invoice.Month, since) >= 0) && (ids.Count == 0 || ids.Contains(invoice.Id)));
        writer.WriteStartObject();
        writer.WriteStartArray("invoices");
        foreach (var invoice in found)
            WriteBundle(writer, invoice);
        writer.WriteEndArray();
        writer.WriteEndObject();
        return true;
    }

    /// <summary>GET postpaid/invoice/preview: everything that no invoice tells of yet.</summary>
    public async Task<bool> PreviewAsync(ManagementRequest request, Utf8JsonWriter writer)
    {
        var invoice = await invoices.PreviewAsync(request.Actor, request.Id, CancellationToken.None);
        var given = Cents.Of(invoice.Movements.Where(movement => movement.Kind is "grant" or "bonus").Sum(movement => movement.AmountTicks));
        writer.WriteStartObject();
        writer.WriteStartObject("coreInvoice");
        WriteLines(writer, invoice);
        ProtoCents.WriteLong(writer, "amountBeforeVat", invoice.NetCents);
        ProtoCents.WriteLong(writer, "vatCost", invoice.TotalCents - invoice.NetCents);
        ProtoCents.WriteLong(writer, "amountAfterVat", invoice.TotalCents);
        ProtoCents.WriteLong(writer, "autoCreditsIssued", 0);
        ProtoCents.WriteLong(writer, "defaultCreditsIssued", given);
        ProtoCents.Write(writer, "totalWithCorr", invoice.PayableCents);
        ProtoCents.Write(writer, "prepaidCredits", -Cents.Of(Math.Max(0, invoice.ClosingTicks)));
        ProtoCents.Write(writer, "prepaidCreditsUsed", invoice.PaidByCreditCents);
        writer.WriteEndObject();
        ProtoCents.WriteLong(writer, "defaultCredits", given);
        WriteCycle(writer, invoice);
        writer.WriteEndObject();
        return true;
    }

    private static void WriteBundle(Utf8JsonWriter writer, Invoice invoice)
    {
        writer.WriteStartObject();
        writer.WriteString("teamId", Guid.ParseExact(invoice.Team, "N").ToString("D"));
        writer.WriteString("invoiceId", invoice.Id);
        writer.WriteString("invoiceNumber", invoice.Number);
        writer.WriteString("createTime", invoice.Made);
        // Whether somebody has paid is not known here: with nothing payable nobody needs to.
        writer.WriteString("invoiceStatus", invoice.PayableCents == 0 ? "PAID" : "PENDING");
        writer.WriteStartArray("chargerAttempts");
        writer.WriteEndArray();
        WriteLines(writer, invoice);
        ProtoCents.WriteLong(writer, "subtotal", invoice.NetCents);
        ProtoCents.WriteLong(writer, "tax", invoice.TotalCents - invoice.NetCents);
        ProtoCents.WriteLong(writer, "total", invoice.TotalCents);
        writer.WriteStartObject("monthly");
        WriteCycle(writer, invoice);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>A line's cents are the difference of rounded sums, so that lines add up to the amount; its price is the mean of its tokens, in millionths of a cent.</summary>
    private static void WriteLines(Utf8JsonWriter writer, Invoice invoice)
    {
        writer.WriteStartArray("lines");
        var sum = 0L;
        foreach (var line in invoice.Lines)
        {
            var (before, tokens) = (Cents.Of(sum), line.InputTokens + line.OutputTokens);
            sum += line.AmountTicks;
            writer.WriteStartObject();
            writer.WriteString("clusterName", ApiKeyPaths.Cluster);
            writer.WriteString("description", line.Model);
            writer.WriteString("unitType", tokens > 0 ? "tokens" : "answers");
            ProtoCents.WriteLong(writer, "unitPrice", line.AmountTicks / Math.Max(1, tokens > 0 ? tokens : line.Answers) / (Cents.Ticks / 1_000_000));
            ProtoCents.WriteLong(writer, "numUnits", tokens > 0 ? tokens : line.Answers);
            ProtoCents.WriteLong(writer, "amount", Cents.Of(sum) - before);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteCycle(Utf8JsonWriter writer, Invoice invoice)
    {
        writer.WriteStartObject("billingCycle");
        writer.WriteNumber("year", int.Parse(invoice.Month.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture));
        writer.WriteNumber("month", int.Parse(invoice.Month.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture));
        writer.WriteEndObject();
    }

    /// <summary><c>NAME.year</c> and <c>NAME.month</c> as <c>2024-11</c>; null: neither is there.</summary>
    private static string? Cycle(IQueryCollection query, string name)
    {
        var (year, month) = (query[name + ".year"].ToString(), query[name + ".month"].ToString());
        if (year.Length == 0 && month.Length == 0)
            return null;
        return int.TryParse(year, NumberStyles.None, CultureInfo.InvariantCulture, out var y) && int.TryParse(month, NumberStyles.None, CultureInfo.InvariantCulture, out var m) && y is > 0 and < 10_000 && m is >= 1 and <= 12
            ? string.Create(CultureInfo.InvariantCulture, $"{y:0000}-{m:00}")
            : throw ProtoJson.Wrong(name, $"a month: {name}.year=2024 and {name}.month=11");
    }
}
