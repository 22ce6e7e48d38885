using Milliways.Hosting.Admin;

namespace Milliways.Teams;

/// <summary>Teams and the audit log in the registry of commands.</summary>
internal sealed class TeamAdmin(TeamCommands teams) : IAdminCommandSet
{
    public static readonly AdminCommand<NoFilter, TeamFacts[]> ListAll = new("teams list", TeamsJson.Default.NoFilter, TeamsJson.Default.TeamFactsArray);
    public static readonly AdminCommand<TeamRef, TeamFacts> Show = new("teams show", TeamsJson.Default.TeamRef, TeamsJson.Default.TeamFacts);
    public static readonly AdminCommand<CreateTeam, TeamFacts> Create = new("teams create", TeamsJson.Default.CreateTeam, TeamsJson.Default.TeamFacts);
    public static readonly AdminCommand<RenameTeam, TeamFacts> Rename = new("teams rename", TeamsJson.Default.RenameTeam, TeamsJson.Default.TeamFacts);
    public static readonly AdminCommand<SetTeam, TeamFacts> Set = new("teams set", TeamsJson.Default.SetTeam, TeamsJson.Default.TeamFacts);
    public static readonly AdminCommand<TeamRef, TeamFacts> Block = new("teams block", TeamsJson.Default.TeamRef, TeamsJson.Default.TeamFacts);
    public static readonly AdminCommand<TeamRef, TeamFacts> Unblock = new("teams unblock", TeamsJson.Default.TeamRef, TeamsJson.Default.TeamFacts);
    public static readonly AdminCommand<TeamRef, Done> Delete = new("teams delete", TeamsJson.Default.TeamRef, TeamsJson.Default.Done);
    public static readonly AdminCommand<AuditQuery, AuditFacts[]> Audit = new("audit list", TeamsJson.Default.AuditQuery, TeamsJson.Default.AuditFactsArray);

    public void AddTo(AdminCommands commands)
    {
        commands.Add(ListAll, (actor, _) => teams.List(actor).Select(TeamFacts.Of).ToArray());
        commands.Add(Show, (actor, request) => TeamFacts.Of(teams.Show(actor, request.Team)));
        commands.Add(Create, (actor, request) => TeamFacts.Of(teams.Create(actor, request.Name)));
        commands.Add(Rename, (actor, request) => TeamFacts.Of(teams.Rename(actor, request.Team, request.Name)));
        commands.Add(Set, (actor, request) => TeamFacts.Of(teams.SetPricePercent(actor, request.Team, request.PricePercent)));
        commands.Add(Block, (actor, request) => TeamFacts.Of(teams.SetBlocked(actor, request.Team, blocked: true)));
        commands.Add(Unblock, (actor, request) => TeamFacts.Of(teams.SetBlocked(actor, request.Team, blocked: false)));
        commands.Add(Delete, (actor, request) =>
        {
            teams.Delete(actor, request.Team ?? throw new CommandException(CommandProblem.Invalid, "Name the team that is to be deleted."));
            return new Done();
        });
        commands.Add(Audit, (actor, request) => teams.Audit(actor, request.Team, request.Limit, request.Before).Select(AuditFacts.Of).ToArray());
    }
}
