using System.Text.Json;
using System.Text.Json.Serialization;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Billing;

/// <summary>Who a team is on its invoices, as xAI's billing has it (xai-api 2.3, BillingInfo); written in proto3's JSON.</summary>
internal sealed record BillingInfo
{
    public const int LongestText = 200;

    public string Name { get; init; } = "";

    public BillingAddress Address { get; init; } = new();

    public string Email { get; init; } = "";

    public string TaxIdType { get; init; } = "";

    public string TaxNumber { get; init; } = "";

    /// <param name="team">What it is called when it gave no name.</param>
    public InvoiceParty ToParty(string team) => new(
        Name.Length > 0 ? Name : team,
        [.. new[] { Address.Line1, Address.Line2, $"{Address.PostalCode} {Address.City}".Trim(), Address.State, Address.Country }.Where(line => line.Length > 0)],
        TaxNumber.Length > 0 ? $"{TaxIdType} {TaxNumber}".Trim() : "", Email);
}

internal sealed record BillingAddress
{
    public string Line1 { get; init; } = "";

    public string Line2 { get; init; } = "";

    public string City { get; init; } = "";

    public string Country { get; init; } = "";

    public string PostalCode { get; init; } = "";

    public string State { get; init; } = "";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BillingInfo))]
internal sealed partial class BillingInfoJson : JsonSerializerContext;

/// <summary>Billing addresses of teams, for invoices that are made from then on. Its methods block.</summary>
internal sealed class BillingInfoStore(LedgerDatabase database, AuditLog audit, TimeProvider time)
{
    public BillingInfo? Of(Guid team) => database.Query("SELECT info FROM billing_info WHERE team = $team", row => row.GetString(0), ("$team", team.ToString("N"))) is [var info]
        ? JsonSerializer.Deserialize(info, BillingInfoJson.Default.BillingInfo) : null;

    /// <summary>Replaces all of it; the audit log says that it was changed, and not where somebody lives.</summary>
    public void Set(Actor actor, Guid team, BillingInfo info) => database.Transact(() =>
    {
        database.Execute(
            "INSERT INTO billing_info (team, info, modified) VALUES ($team, $info, $modified) ON CONFLICT (team) DO UPDATE SET info = excluded.info, modified = excluded.modified",
            ("$team", team.ToString("N")), ("$info", JsonSerializer.Serialize(info, BillingInfoJson.Default.BillingInfo)), ("$modified", time.GetUtcNow().ToUnixTimeMilliseconds()));
        audit.Write(actor, team, "billing.set-info", $"team:{team:D}");
    });
}
