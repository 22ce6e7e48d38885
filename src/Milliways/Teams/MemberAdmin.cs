using Milliways.Hosting.Admin;
using Milliways.Hosting.Configuration;

namespace Milliways.Teams;

/// <summary>Members, invitations and passwords in the registry of commands.</summary>
internal sealed class MemberAdmin(MemberCommands members) : IAdminCommandSet
{
    public static readonly AdminCommand<TeamRef, MemberList> ListAll = new("members list", TeamsJson.Default.TeamRef, TeamsJson.Default.MemberList);
    public static readonly AdminCommand<InviteMember, Invited> Invite = new("members invite", TeamsJson.Default.InviteMember, TeamsJson.Default.Invited);
    public static readonly AdminCommand<MemberRole, Done> SetRole = new("members set-role", TeamsJson.Default.MemberRole, TeamsJson.Default.Done);
    public static readonly AdminCommand<MemberRef, Done> Remove = new("members remove", TeamsJson.Default.MemberRef, TeamsJson.Default.Done);
    public static readonly AdminCommand<ResetPassword, NewPassword> Reset = new("admin reset-password", TeamsJson.Default.ResetPassword, TeamsJson.Default.NewPassword);

    public void AddTo(AdminCommands commands)
    {
        commands.Add(ListAll, (actor, request) =>
        {
            var (team, people, invited) = members.List(actor, request.Team);
            return new MemberList(team.Account,
                [.. people.Select(one => new MemberFacts(one.User.Id.ToString("D"), one.User.Email, one.User.Name, one.Role.Word(), one.Joined, one.User.Disabled))],
                [.. invited.Select(one => new InvitationFacts(one.Team.ToString("N"), one.Email, one.Role.Word(), one.Expires))]);
        });
        commands.Add(Invite, (actor, request) =>
        {
            var (invitation, token) = members.Invite(actor, request.Team, request.Email, Rights.Parse(request.Role), Life(request.Expires));
            return new Invited(invitation.Team.ToString("N"), invitation.Email, invitation.Role.Word(), token, invitation.Expires);
        });
        commands.Add(SetRole, (actor, request) =>
        {
            members.SetRole(actor, request.Team, request.Email, Rights.Parse(request.Role));
            return new Done();
        });
        commands.Add(Remove, (actor, request) =>
        {
            members.Remove(actor, request.Team, request.Email);
            return new Done();
        });
        commands.Add(Reset, (actor, request) =>
        {
            var (user, password) = members.ResetPassword(actor, request.Email);
            return new NewPassword(user.Email, password);
        });
    }

    private static TimeSpan? Life(string? text) => text is null ? null
        : Durations.TryParse(text, out var life) && life > TimeSpan.Zero ? life
        : throw new CommandException(CommandProblem.Invalid, $"\"{text}\" is no duration: write a number and a unit, such as \"24h\" or \"7d\".");
}
