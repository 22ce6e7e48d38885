using System.Text.Json;
using Milliways.Limits;
using Milliways.Storage;

namespace Milliways.Teams;

/// <summary>Told when teams have changed in the database, by whoever keeps them in memory.</summary>
internal interface ITeamWatcher
{
    void TeamsChanged();
}

/// <summary>
/// What can be done with teams: authorization, the change and its audit row stand here once, whoever asks (command line, management API, console). The methods
/// block on the database: call them off the threads of sockets.
/// </summary>
/// <exception cref="CommandException">Of every method: what whoever asked can put right.</exception>
internal sealed class TeamCommands(LedgerDatabase database, TeamStore teams, AuditLog audit, IEnumerable<ITeamWatcher> watchers)
{
    private const int LongestName = 200;

    /// <summary>Ten times the list's prices: no sum of a request overflows by it.</summary>
    private const int HighestPercent = 1000;

    public IReadOnlyList<Team> List(Actor actor) => [.. teams.All().Where(team => actor.Knows(team.Id))];

    /// <summary>A team by its id, as a UUID or as 32 hex digits; null: the first one.</summary>
    public Team Show(Actor actor, string? id)
    {
        var team = id is null ? (teams.All() is [var first, ..] ? first : null) : Guid.TryParse(id, out var parsed) ? teams.Find(parsed) : null;
        if (team is null || !actor.Knows(team.Id))
            throw new CommandException(CommandProblem.NotFound, id is null ? "The installation has no team yet: start the server once." : $"There is no team {id}.");
        return team;
    }

    public Team Create(Actor actor, string name)
    {
        if (!actor.May(Right.CreateTeam, Guid.Empty))
            throw new CommandException(CommandProblem.Forbidden, "Only the operator makes teams.");
        CheckName(name, "The team's name");
        return Change(() =>
        {
            var team = teams.Create(name);
            audit.Write(actor, team.Id, "teams.create", Object(team), after: State(team));
            return team;
        });
    }

    public Team Rename(Actor actor, string? id, string name)
    {
        CheckName(name, "The team's name");
        return Update(actor, id, Right.RenameTeam, "rename the team", "teams.rename", team => team with { Name = name });
    }

    public Team SetBlocked(Actor actor, string? id, bool blocked) =>
        Update(actor, id, Right.BlockTeam, "block a team", blocked ? "teams.block" : "teams.unblock", team => team with { Blocked = blocked });

    public Team SetLimits(Actor actor, string? id, Func<LimitSet, LimitSet> change) =>
        Update(actor, id, Right.SetTeamLimits, "set the team's limits", "teams.set-limits", team => team with { Limits = change(team.Limits) });

    /// <summary>What the team pays from the next request on, in percent of the list's prices; 0 is free.</summary>
    public Team SetPricePercent(Actor actor, string? id, int? percent)
    {
        if (percent is not (>= 0 and <= HighestPercent))
            throw new CommandException(CommandProblem.Invalid, $"price-percent must be a whole number from 0 to {HighestPercent}: add --price-percent N.");
        return Update(actor, id, Right.SetPrices, "set what the team pays", "teams.set-price", team => team with { PricePercent = percent.Value });
    }

    /// <summary>Only an empty team goes: what it had must have been taken away first, by somebody who saw it.</summary>
    public void Delete(Actor actor, string id)
    {
        var team = Show(actor, id);
        actor.Demand(Right.DeleteTeam, team.Id, "delete the team");
        Change(() =>
        {
            var left = teams.Belongings(team.Id);
            // The last owner cannot leave, so being its only member does not keep them from deleting it.
            if (left.Where(what => what != "members" || !IsAlone(team.Id)).ToList() is { Count: > 0 } some)
                throw new CommandException(CommandProblem.Conflict, $"The team still has {string.Join(" and ", some)}: delete those first.");
            foreach (var table in (ReadOnlySpan<string>)["invitations", "gateway_keys", "custom_providers", "gateways", "members", "billing_info"])
                database.Execute($"DELETE FROM {table} WHERE team = $team", ("$team", team.Account));
            teams.Delete(team.Id);
            audit.Write(actor, team.Id, "teams.delete", Object(team), before: State(team));
            return team;
        });
    }

    public IReadOnlyList<AuditEntry> Audit(Actor actor, string? team, int most, long? before) =>
        audit.List(actor, team is null ? null : Show(actor, team).Id, most, before);

    internal static void CheckName(string name, string what)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > LongestName || name.Any(char.IsControl))
            throw new CommandException(CommandProblem.Invalid, $"{what} must have 1 to {LongestName} characters and no control characters.");
    }

    private Team Update(Actor actor, string? id, Right right, string what, string action, Func<Team, Team> change)
    {
        var team = Show(actor, id);
        actor.Demand(right, team.Id, what);
        return Change(() =>
        {
            var before = teams.Find(team.Id) ?? throw new CommandException(CommandProblem.NotFound, $"There is no team {id}.");
            var after = change(before);
            teams.Update(after);
            audit.Write(actor, team.Id, action, Object(team), State(before), State(after));
            return after;
        });
    }

    /// <summary>One transaction; those who hold teams in memory hear of it when it is done.</summary>
    private Team Change(Func<Team> work)
    {
        Team? changed = null;
        database.Transact(() => changed = work());
        foreach (var watcher in watchers)
            watcher.TeamsChanged();
        return changed!;
    }

    private bool IsAlone(Guid team) => database.Query("SELECT COUNT(*) FROM members WHERE team = $team", row => row.GetInt64(0), ("$team", team.ToString("N")))[0] == 1;

    private static string Object(Team team) => $"team:{team.Id:D}";

    private static string State(Team team) => JsonSerializer.Serialize(TeamFacts.Of(team), TeamsJson.Default.TeamFacts);
}
