using System.Text.Json;
using Milliways.Billing;
using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Hosting.Configuration;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>xAI's billing of a team (xai-api 2.2): who it is, how it pays, what it may owe.</summary>
internal sealed class BillingPaths(TeamCommands teams, BillingInfoStore infos, CreditCommands credits, ConfigState config)
{
    /// <summary>GET billing-info.</summary>
    public bool Info(ManagementRequest request, Utf8JsonWriter writer)
    {
        var info = infos.Of(Team(request, Right.SeeBilling, "see who the team is on its invoices")) ?? new BillingInfo();
        writer.WriteStartObject();
        writer.WritePropertyName("billingInfo");
        JsonSerializer.Serialize(writer, info, BillingInfoJson.Default.BillingInfo);
        writer.WriteEndObject();
        return true;
    }

    /// <summary>POST billing-info: replaces all of it.</summary>
    public bool SetInfo(ManagementRequest request, Utf8JsonWriter writer)
    {
        var team = Team(request, Right.SetBilling, "change who the team is on its invoices");
        if (ProtoJson.Member(request.Body, "billingInfo", "billing_info") is not { ValueKind: JsonValueKind.Object } body)
            throw ProtoJson.Wrong("billingInfo", "an object with name, address, email, taxIdType and taxNumber");
        var address = ProtoJson.Member(body, "address") switch
        {
            null => default,
            { ValueKind: JsonValueKind.Object } given => given,
            _ => throw ProtoJson.Wrong("billingInfo.address", "an object with line1, line2, city, country, postalCode and state"),
        };
        infos.Set(request.Actor, team, new BillingInfo
        {
            Name = Line(body, "name"),
            Email = Line(body, "email"),
            TaxIdType = Line(body, "taxIdType", "tax_id_type"),
            TaxNumber = Line(body, "taxNumber", "tax_number"),
            Address = address.ValueKind == JsonValueKind.Undefined ? new BillingAddress() : new BillingAddress
            {
                Line1 = Line(address, "line1"), Line2 = Line(address, "line2"), City = Line(address, "city"), Country = Line(address, "country"),
                PostalCode = Line(address, "postalCode", "postal_code"), State = Line(address, "state"),
            },
        });
        return false;
    }

    /// <summary>GET payment-method: nobody is charged by card here.</summary>
    public bool PaymentMethods(ManagementRequest request, Utf8JsonWriter writer)
    {
        Team(request, Right.SeeBilling, "see how the team pays");
        writer.WriteStartObject();
        writer.WriteStartArray("paymentMethods");
        writer.WriteEndArray();
        writer.WriteEndObject();
        return true;
    }

    /// <summary>POST payment-method/default.</summary>
    public bool SetPaymentMethod(ManagementRequest request, Utf8JsonWriter writer)
    {
        Team(request, Right.SetBilling, "change how the team pays");
        throw new CommandException(CommandProblem.Invalid, "paymentMethodId names none: payment methods are not kept here. The operator adds credit when it was paid for.");
    }

    /// <summary>GET postpaid/spending-limits. The hard limits are what the team may owe, which the operator sets; the soft one is the team's own bound of a month.</summary>
    public async Task<bool> LimitsAsync(ManagementRequest request, Utf8JsonWriter writer)
    {
        var shown = await credits.ShowToKeyAsync(Team(request, Right.SeeBilling, "see the team's spending limits"), CancellationToken.None);
        var (auto, allowed) = (config.InEffect.Credits.Postpaid / Cents.Ticks, shown.PostpaidTicks / Cents.Ticks);
        writer.WriteStartObject();
        writer.WriteStartObject("spendingLimits");
        if (allowed != auto)
            ProtoCents.Write(writer, "hardSlOverride", allowed);
        ProtoCents.Write(writer, "hardSlAuto", auto);
        ProtoCents.Write(writer, "effectiveHardSl", allowed);
        if (shown.HardLimitTicks is { } own)
            ProtoCents.Write(writer, "softSl", own / Cents.Ticks);
        ProtoCents.Write(writer, "effectiveSl", shown.HardLimitTicks / Cents.Ticks ?? allowed);
        writer.WriteEndObject();
        writer.WriteEndObject();
        return true;
    }

    /// <summary>POST postpaid/spending-limits: bounds all that the team spends in a calendar month (UTC), prepaid or not.</summary>
    public async Task<bool> SetLimitAsync(ManagementRequest request, Utf8JsonWriter writer)
    {
        var team = Team(request, Right.SetSpendingLimits, "limit the team's spending");
        var desired = ProtoCents.Read(request.Body, "desiredSoftSpendingLimit", "desired_soft_spending_limit");
        if (desired < 0)
            throw ProtoJson.Wrong("desiredSoftSpendingLimit.val", "at least 0");
        var shown = await credits.ShowToKeyAsync(team, CancellationToken.None);
        // At xAI 0 means "prepaid only", which a team that may owe nothing is already; here it would mean "nothing at all".
        if (desired == 0 && shown.PostpaidTicks > 0)
            throw new CommandException(CommandProblem.Invalid, "desiredSoftSpendingLimit.val 0 would mean prepaid only: ask the operator to take the team's allowance away (credits postpaid 0).");
        await credits.SetSpendingLimitAsync(request.Actor, request.Id, gateway: null, new SpendingLimit(shown.SoftLimitTicks, desired == 0 ? null : desired * Cents.Ticks), CancellationToken.None);
        writer.WriteStartObject();
        ProtoCents.Write(writer, "thisBpSoftSpendingLimit", desired);
        writer.WriteEndObject();
        return true;
    }

    private Guid Team(ManagementRequest request, Right right, string what)
    {
        var team = teams.Show(request.Actor, request.Id).Id;
        request.Actor.Demand(right, team, what);
        return team;
    }

    private static string Line(JsonElement body, string camel, string? snake = null)
    {
        var text = ProtoJson.Text(body, camel, snake) ?? "";
        return text.Length <= BillingInfo.LongestText && !text.Any(char.IsControl) ? text : throw ProtoJson.Wrong(camel, $"a text of at most {BillingInfo.LongestText} characters without control characters");
    }
}
