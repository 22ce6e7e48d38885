using System.Text.Json;
using Milliways.Billing;
using Milliways.Credits;
using Milliways.Hosting.Configuration;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>A team's credit as xAI's billing has it (xai-api 2.2): in cents, purchases and what is left as negative numbers.</summary>
internal sealed class PrepaidPaths(TeamCommands teams, CreditCommands credits, PrepaidHistory history, InvoiceCommands invoices, ConfigState config, TimeProvider time)
{
    /// <summary>GET prepaid/balance.</summary>
    public async Task<bool> BalanceAsync(ManagementRequest request, Utf8JsonWriter writer)
    {
        var team = teams.Show(request.Actor, request.Id).Id;
        request.Actor.Demand(Right.SeeBilling, team, "see the team's credits");
        var (changes, total) = await history.OfAsync(team, invoices.Zone, CancellationToken.None);
        writer.WriteStartObject();
        writer.WriteStartArray("changes");
        foreach (var change in changes)
            WriteChange(writer, team, change);
        writer.WriteEndArray();
        ProtoCents.Write(writer, "total", total);
        writer.WriteEndObject();
        return true;
    }

    /// <summary>POST prepaid/top-up: the operator's key says that so much was paid for.</summary>
    public async Task<bool> TopUpAsync(ManagementRequest request, Utf8JsonWriter writer)
    {
        var team = teams.Show(request.Actor, request.Id).Id;
        request.Actor.Demand(Right.TopUp, team, "add credit");
        if (!config.InEffect.Credits.TopUp)
            throw new CommandException(CommandProblem.Forbidden, "Credit is added by the operator (milliways credits purchase): the configuration has no \"credits\": { \"topUp\": true }.");
        // An owner of the team makes management keys too, and must not make money with one.
        if (request.Key.CreatedBy is not null)
            throw new CommandException(CommandProblem.Forbidden, "Credit is added with a management key that the operator made (milliways keys create-management), not with one of the team's own.");
        var cents = Math.Abs(ProtoCents.Read(request.Body, "amount", "amount"));
        await credits.TopUpAsync(request.Actor, request.Id, cents * Cents.Ticks, CancellationToken.None);
        writer.WriteStartObject();
        writer.WritePropertyName("change");
        WriteChange(writer, team, new PrepaidChange("purchase", -cents, time.GetUtcNow(), null));
        writer.WriteEndObject();
        return true;
    }

    private static void WriteChange(Utf8JsonWriter writer, Guid team, PrepaidChange change)
    {
        writer.WriteStartObject();
        writer.WriteString("teamId", team.ToString("D"));
        writer.WriteString("changeOrigin", change.Kind switch { "purchase" => "PURCHASE", "charge" => "SPEND", _ => "MANUAL" });
        if (change.Kind == "purchase")
            writer.WriteString("topupStatus", "SUCCEEDED");
        ProtoCents.Write(writer, "amount", change.Cents);
        ProtoJson.WriteTime(writer, "createTime", change.Time);
        ProtoJson.WriteTime(writer, "createTs", change.Time);
        if (change.Month is { } month)
        {
            writer.WriteNumber("spendBpKeyYear", month.First.Year);
            writer.WriteNumber("spendBpKeyMonth", month.First.Month);
        }
        writer.WriteEndObject();
    }
}
