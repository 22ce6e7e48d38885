using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Milliways.Dialects.Chat;
using Milliways.Hosting;
using Milliways.Keys;
using Milliways.Teams;

namespace Milliways.Gateway;

/// <summary><c>milliways gateways show|set</c> on a data directory whose server may be running: the server takes changes over within a second.</summary>
internal static class GatewaysCommand
{
    public static Command Create()
    {
        var (data, address, json) = (CommonOptions.Data(), CommonOptions.Database(), CommonOptions.Json());
        var name = new Argument<string>("name") { Description = "The gateway; every team has one, \"default\"", DefaultValueFactory = _ => GatewayRoutes.DefaultGateway };
        name.AcceptOnlyFromAmong(GatewayRoutes.DefaultGateway);
        var show = new Command("show", "What is set for a gateway") { name, data, address, json };
        show.SetAction(parsed =>
        {
            using var database = KeysCommand.Open(parsed.GetValue(data), parsed.GetValue(address));
            var team = KeysCommand.First(new TeamStore(database, TimeProvider.System));
            return Print(parsed.GetValue(json), team, parsed.GetValue(name)!, new GatewayStore(database).FlavourOf(team.Account, parsed.GetValue(name)!));
        });
        var flavour = new Option<string>("--flavour") { Description = "How errors, tool calls and usage look there: xai, openai, or path for what each path says", HelpName = "FLAVOUR", Required = true };
        flavour.AcceptOnlyFromAmong("xai", "openai", "path");
        var set = new Command("set", "Switch a gateway to a flavour; a key's own flavour counts more") { name, data, address, json, flavour };
        set.SetAction(parsed =>
        {
            using var database = KeysCommand.Open(parsed.GetValue(data), parsed.GetValue(address));
            var team = KeysCommand.First(new TeamStore(database, TimeProvider.System));
            var wanted = Flavours.Parse(parsed.GetValue(flavour)!);
            new GatewayStore(database).SetFlavour(team.Account, parsed.GetValue(name)!, wanted);
            return Print(parsed.GetValue(json), team, parsed.GetValue(name)!, wanted);
        });
        return new Command("gateways", "Show and set the gateway's flavour") { show, set };
    }

    private static int Print(bool json, Team team, string name, Flavour? flavour)
    {
        Console.WriteLine(json
            ? JsonSerializer.Serialize(new GatewayFacts(team.Account, name, flavour?.Word()), GatewaysJson.Default.GatewayFacts)
            : $"{team.Account}/{name}  flavour: {flavour?.Word() ?? "as the path says"}");
        return ExitCode.Done;
    }
}

internal sealed record GatewayFacts(string Team, string Name, string? Flavour);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GatewayFacts))]
internal sealed partial class GatewaysJson : JsonSerializerContext;
