using System.CommandLine;
using Milliways.Hosting;
using Milliways.Hosting.Admin;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary><c>milliways limits</c>: what a team or a key has of its own, over the configuration's.</summary>
internal static class LimitsCommand
{
    public static Command Create()
    {
        var (options, team, key) = (DoorOptions.Create(), TeamOptions.Team(), Key());
        var show = options.Command("show", "Show the limits of a team, or of a key", team, key);
        show.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, LimitsAdmin.Show, new LimitsRef(parsed.GetValue(team), parsed.GetValue(key)), Print));

        var (setOptions, setTeam, setKey, limits) = (DoorOptions.Create(), TeamOptions.Team(), Key(), new LimitOptions(canTakeAway: true));
        var set = setOptions.Command("set", "Set limits of a team, or of a key; what is not named stays", [setTeam, setKey, .. limits.Symbols]);
        set.SetAction((parsed, _) => limits.Given(parsed) is { Count: > 0 } given
            ? AdminDoor.RunAsync(parsed, setOptions, LimitsAdmin.Set, new SetLimits(parsed.GetValue(setTeam), parsed.GetValue(setKey), given), Print)
            : throw new UserErrorException($"Name a limit: {string.Join(", ", LimitOptions.All.Select(name => "--" + name))}.", ExitCode.Usage));
        return new Command("limits", "Show and set the limits of teams and keys.\n\nExamples:\n  milliways limits show\n  milliways limits set --requests-per-minute 600 --concurrent none\n  milliways limits set --key ID --tokens-per-minute 100000") { show, set };
    }

    private static Option<string?> Key() => new("--key") { Description = "A key's id instead of the team", HelpName = "ID" };

    private static void Print(LimitsShown shown) =>
        Console.WriteLine($"{(shown.Key is null ? $"team {shown.Team}" : $"key {shown.Key}")}: {shown.Limits}");
}
