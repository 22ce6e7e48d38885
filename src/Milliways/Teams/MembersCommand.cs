using System.CommandLine;
using Milliways.Hosting.Admin;

namespace Milliways.Teams;

/// <summary><c>milliways members</c>, and the passwords of <c>milliways admin</c>.</summary>
internal static class MembersCommand
{
    public static Command Create() => new("members", "See, invite and change the people of a team.\n\nExamples:\n  milliways members list\n  milliways members invite ann@example.org --role admin\n  milliways members set-role ann@example.org --role owner\n  milliways members remove ann@example.org")
    {
        List(), Invite(), SetRole(), Remove(),
    };

    /// <summary><c>milliways admin reset-password</c>.</summary>
    public static Command ResetPassword()
    {
        var (options, email) = (DoorOptions.Create(), Email());
        var reset = options.Command("reset-password", "Give somebody a new password, which is shown this once", email);
        reset.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, MemberAdmin.Reset, new ResetPassword(parsed.GetValue(email)!), made => Console.WriteLine(made.Password)));
        return reset;
    }

    private static Command List()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var list = options.Command("list", "List the members, and the invitations that wait", team);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, MemberAdmin.ListAll, new TeamRef(parsed.GetValue(team)), all =>
        {
            foreach (var member in all.Members)
                Console.WriteLine($"{member.Role,-6}  {member.Email}  {member.Name}  since {member.Joined:yyyy-MM-dd}{(member.Disabled ? "  disabled" : "")}");
            foreach (var invitation in all.Invitations)
                Console.WriteLine($"{invitation.Role,-6}  {invitation.Email}  invited until {invitation.Expires:yyyy-MM-dd HH:mm}");
        }));
        return list;
    }

    private static Command Invite()
    {
        var (options, team, email, role) = (DoorOptions.Create(), TeamOptions.Team(), Email(), Role());
        var expires = new Option<string?>("--expires") { Description = "How long the invitation waits; 7d when nothing is said", HelpName = "TIME" };
        var invite = options.Command("invite", "Keep a place for somebody; prints the token that takes it, this once", email, team, role, expires);
        invite.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, MemberAdmin.Invite,
            new InviteMember(parsed.GetValue(team), parsed.GetValue(email)!, parsed.GetValue(role)!, parsed.GetValue(expires)), made => Console.WriteLine(made.Token)));
        return invite;
    }

    private static Command SetRole()
    {
        var (options, team, email, role) = (DoorOptions.Create(), TeamOptions.Team(), Email(), Role());
        var set = options.Command("set-role", "Make somebody owner, admin, member or viewer", email, team, role);
        set.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, MemberAdmin.SetRole,
            new MemberRole(parsed.GetValue(team), parsed.GetValue(email)!, parsed.GetValue(role)!), _ => Console.WriteLine("done")));
        return set;
    }

    private static Command Remove()
    {
        var (options, team, email) = (DoorOptions.Create(), TeamOptions.Team(), Email());
        var remove = options.Command("remove", "Take somebody, or their invitation, out of a team", email, team);
        remove.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, MemberAdmin.Remove, new MemberRef(parsed.GetValue(team), parsed.GetValue(email)!), _ => Console.WriteLine("done")));
        return remove;
    }

    private static Argument<string> Email() => new("email") { Description = "The person's e-mail address" };

    private static Option<string> Role()
    {
        var role = new Option<string>("--role") { Description = "owner, admin, member or viewer", HelpName = "ROLE", DefaultValueFactory = _ => "member" };
        role.AcceptOnlyFromAmong("owner", "admin", "member", "viewer");
        return role;
    }
}
