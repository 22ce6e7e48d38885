using System.CommandLine;
using Milliways.Hosting.Admin;
using Milliways.Teams;

namespace Milliways.Gateway;

/// <summary><c>milliways gateways show|set</c>, on a data directory whose server may be running.</summary>
internal static class GatewaysCommand
{
    public static Command Create()
    {
        var (showOptions, showTeam, showName) = (DoorOptions.Create(), TeamOptions.Team(), Name());
        var show = showOptions.Command("show", "What is set for a gateway", showName, showTeam);
        show.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, showOptions, GatewayAdmin.Show, new GatewayRef(parsed.GetValue(showTeam), parsed.GetValue(showName)!), Print));

        var (options, team, name) = (DoorOptions.Create(), TeamOptions.Team(), Name());
        var flavour = new Option<string>("--flavour") { Description = "How errors, tool calls and usage look there: xai, openai, or path for what each path says", HelpName = "FLAVOUR", Required = true };
        flavour.AcceptOnlyFromAmong("xai", "openai", "path");
        var set = options.Command("set", "Switch a gateway to a flavour; a key's own flavour counts more", name, team, flavour);
        set.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.Set,
            new GatewayFacts(parsed.GetValue(team), parsed.GetValue(name)!, parsed.GetValue(flavour) is "path" ? null : parsed.GetValue(flavour)), Print));
        return new Command("gateways", "Show and set the gateway's flavour") { show, set };
    }

    private static Argument<string> Name()
    {
        var name = new Argument<string>("name") { Description = "The gateway; every team has one, \"default\"", DefaultValueFactory = _ => GatewayRoutes.DefaultGateway };
        name.AcceptOnlyFromAmong(GatewayRoutes.DefaultGateway);
        return name;
    }

    private static void Print(GatewayFacts gateway) => Console.WriteLine($"{gateway.Team}/{gateway.Name}  flavour: {gateway.Flavour ?? "as the path says"}");
}
