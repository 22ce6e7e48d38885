using System.Text.Json;
using System.Text.Json.Serialization;
using Milliways.Dialects.Chat;
using Milliways.Hosting.Admin;
using Milliways.Teams;

namespace Milliways.Gateway;

/// <summary>The gateway's settings in the registry of commands.</summary>
internal sealed class GatewayAdmin(TeamCommands teams, GatewayStore gateways, AuditLog audit) : IAdminCommandSet
{
    public static readonly AdminCommand<GatewayRef, GatewayFacts> Show = new("gateways show", GatewaysJson.Default.GatewayRef, GatewaysJson.Default.GatewayFacts);
    public static readonly AdminCommand<GatewayFacts, GatewayFacts> Set = new("gateways set", GatewaysJson.Default.GatewayFacts, GatewaysJson.Default.GatewayFacts);

    public void AddTo(AdminCommands commands)
    {
        commands.Add(Show, (actor, request) =>
        {
            var team = teams.Show(actor, request.Team);
            return new GatewayFacts(team.Account, request.Name, gateways.FlavourOf(team.Account, request.Name)?.Word());
        });
        commands.Add(Set, (actor, request) =>
        {
            var team = teams.Show(actor, request.Team);
            actor.Demand(Right.SetGateway, team.Id, "change the gateway");
            var (before, after) = (gateways.FlavourOf(team.Account, request.Name), request.Flavour is null ? null : Flavours.Parse(request.Flavour));
            gateways.SetFlavour(team.Account, request.Name, after, () =>
                audit.Write(actor, team.Id, "gateways.set", $"gateway:{request.Name}", State(team, request.Name, before), State(team, request.Name, after)));
            return new GatewayFacts(team.Account, request.Name, after?.Word());
        });
    }

    private static string State(Team team, string name, Flavour? flavour) =>
        JsonSerializer.Serialize(new GatewayFacts(team.Account, name, flavour?.Word()), GatewaysJson.Default.GatewayFacts);
}

internal sealed record GatewayRef(string? Team, string Name);

internal sealed record GatewayFacts(string? Team, string Name, string? Flavour);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GatewayRef))]
[JsonSerializable(typeof(GatewayFacts))]
internal sealed partial class GatewaysJson : JsonSerializerContext;
