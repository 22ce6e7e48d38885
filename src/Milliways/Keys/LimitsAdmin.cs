using Milliways.Hosting.Admin;
using Milliways.Limits;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>The limits that teams and keys have of their own, in the registry of commands. They are kept by <c>Limits/</c>.</summary>
internal sealed class LimitsAdmin(TeamCommands teams, KeyCommands keys) : IAdminCommandSet
{
    public static readonly AdminCommand<LimitsRef, LimitsShown> Show = new("limits show", KeysJson.Default.LimitsRef, KeysJson.Default.LimitsShown);
    public static readonly AdminCommand<SetLimits, LimitsShown> Set = new("limits set", KeysJson.Default.SetLimits, KeysJson.Default.LimitsShown);

    public void AddTo(AdminCommands commands)
    {
        commands.Add(Show, (actor, request) => request.Key is { } id ? Shown(keys.Show(actor, id)) : Shown(teams.Show(actor, request.Team)));
        commands.Add(Set, (actor, request) => request.Key is { } id
            ? Shown(keys.Change(actor, id, settings => settings with { Limits = With(settings.Limits, request.Limits) }, "keys.set-limits"))
            : Shown(teams.SetLimits(actor, request.Team, limits => With(limits, request.Limits))));
    }

    private static LimitsShown Shown(ApiKey key) => new(key.Team.Account, key.Id.ToString("D"), LimitFacts.Of(key.Limits));

    private static LimitsShown Shown(Team team) => new(team.Account, null, LimitFacts.Of(team.Limits));

    private static LimitSet With(LimitSet limits, IReadOnlyDictionary<string, long?> changes)
    {
        var facts = LimitFacts.Of(limits);
        foreach (var (name, value) in changes)
            facts = name switch
            {
                LimitOptions.PerSecond => facts with { RequestsPerSecond = Whole(name, value) },
                LimitOptions.PerMinute => facts with { RequestsPerMinute = Whole(name, value) },
                LimitOptions.PerHour => facts with { RequestsPerHour = Whole(name, value) },
                LimitOptions.Tokens => facts with { TokensPerMinute = value },
                LimitOptions.Concurrent => facts with { Concurrent = Whole(name, value) },
                _ => throw new CommandException(CommandProblem.Invalid, $"\"{name}\" is no limit: write one of {string.Join(", ", LimitOptions.All)}."),
            };
        return facts.ToLimits();
    }

    private static int? Whole(string name, long? value) => value is > int.MaxValue
        ? throw new CommandException(CommandProblem.Invalid, $"{name} must be at most {int.MaxValue}.")
        : (int?)value;
}
