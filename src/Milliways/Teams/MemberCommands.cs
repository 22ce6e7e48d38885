using System.Security.Cryptography;
using System.Text;
using Milliways.Storage;

namespace Milliways.Teams;

/// <summary>What can be done with people and their places in teams; as <see cref="TeamCommands"/>, for whoever asks.</summary>
/// <exception cref="CommandException">Of every method: what whoever asked can put right.</exception>
internal sealed class MemberCommands(LedgerDatabase database, TeamCommands teams, UserStore users, AuditLog audit, TimeProvider time)
{
    public static readonly TimeSpan InvitationLife = TimeSpan.FromDays(7);

    private const int LongestEmail = 254;

    /// <summary>A person as somebody who asks for commands; null when there is none, or they are disabled.</summary>
    public UserActor? ActorOf(Guid id) => users.Find(id) is { Disabled: false } ? new UserActor(id, users.RolesOf(id)) : null;

    /// <summary>Whether somebody is who they say; the time it takes does not tell whether the address is known.</summary>
    public User? SignIn(string email, string password)
    {
        var user = users.Find(email.Trim().ToLowerInvariant());
        return Passwords.Fits(password, user is null ? null : users.PasswordOf(user.Id)) && user is { Disabled: false } ? user : null;
    }

    public (Team Team, IReadOnlyList<Membership> Members, IReadOnlyList<Invitation> Invitations) List(Actor actor, string? team)
    {
        var found = teams.Show(actor, team);
        actor.Demand(Right.SeeMembers, found.Id, "see the team's members");
        return (found, users.Members(found.Id), actor.May(Right.InviteMember, found.Id) ? users.Invitations(found.Id) : []);
    }

    /// <summary>Makes a place for somebody and a token that takes it, which is shown this once.</summary>
    public (Invitation Invitation, string Token) Invite(Actor actor, string? team, string email, Role role, TimeSpan? life = null)
    {
        var found = teams.Show(actor, team);
        DemandRole(actor, found.Id, Right.InviteMember, role, "invite somebody");
        email = Email(email);
        var (token, invitation) = (RandomNumberGenerator.GetHexString(64, lowercase: true), new Invitation(found.Id, email, role, time.GetUtcNow() + (life ?? InvitationLife)));
        database.Transact(() =>
        {
            if (users.Members(found.Id).Any(member => member.User.Email == email))
                throw new CommandException(CommandProblem.Conflict, $"{email} is a member of the team already.");
            users.Invite(Digest(token), invitation, actor);
            audit.Write(actor, found.Id, "members.invite", $"email:{email}", after: State(role));
        });
        return (invitation, token);
    }

    /// <summary>Takes the place that an invitation keeps, with a new account or, for somebody who has one, with their own. Works once.</summary>
    /// <param name="signedIn">Who they are already; null makes an account.</param>
    public (User User, Guid Team) Accept(string token, User? signedIn, string? name = null, string? password = null)
    {
        var hash = signedIn is null ? Passwords.Hash(password ?? "") : null;
        (User, Guid) joined = default;
        database.Transact(() =>
        {
            var invitation = users.Take(Digest(token)) ?? throw new CommandException(CommandProblem.NotFound, "The invitation is used up or has expired: ask for another.");
            var user = signedIn ?? users.Create(invitation.Email, name ?? invitation.Email, hash);
            if (user.Email != invitation.Email)
                throw new CommandException(CommandProblem.Forbidden, "The invitation is for another address.");
            users.SetRole(invitation.Team, user.Id, invitation.Role);
            audit.Write(new UserActor(user.Id, users.RolesOf(user.Id)), invitation.Team, "members.join", Object(user), after: State(invitation.Role));
            joined = (user, invitation.Team);
        });
        return joined;
    }

    public Membership SetRole(Actor actor, string? team, string email, Role role)
    {
        var found = teams.Show(actor, team);
        Membership? changed = null;
        database.Transact(() =>
        {
            DemandRole(actor, found.Id, Right.SetRole, role, "change roles");
            var member = Member(found, email);
            if (member.Role == Role.Owner && role != Role.Owner)
            {
                actor.Demand(Right.MakeOwner, found.Id, "take an owner's role away");
                KeepAnOwner(found.Id, member);
            }
            users.SetRole(found.Id, member.User.Id, role);
            audit.Write(actor, found.Id, "members.set-role", Object(member.User), State(member.Role), State(role));
            changed = member with { Role = role };
        });
        return changed!;
    }

    /// <summary>Takes somebody out of the team, or out of the list of invited ones; everybody may take out themselves, but not the last owner.</summary>
    public void Remove(Actor actor, string? team, string email)
    {
        var found = teams.Show(actor, team);
        database.Transact(() =>
        {
            var address = Email(email);
            if (users.Find(address) is not { } person || actor.Person != person.Id)
                actor.Demand(Right.RemoveMember, found.Id, "remove somebody");
            if (users.Uninvite(found.Id, address) > 0)
            {
                audit.Write(actor, found.Id, "members.uninvite", $"email:{address}");
                return;
            }
            var member = Member(found, address);
            if (member.Role == Role.Owner)
            {
                actor.Demand(Right.MakeOwner, found.Id, "remove an owner");
                KeepAnOwner(found.Id, member);
            }
            users.Remove(found.Id, member.User.Id);
            audit.Write(actor, found.Id, "members.remove", Object(member.User), before: State(member.Role));
        });
    }

    /// <summary>Gives somebody a password that nobody chose, which is shown this once.</summary>
    public (User User, string Password) ResetPassword(Actor actor, string email)
    {
        if (actor is not OperatorActor)
            throw new CommandException(CommandProblem.Forbidden, "Only the operator resets passwords.");
        var user = users.Find(Email(email)) ?? throw new CommandException(CommandProblem.NotFound, $"There is no account for {email}.");
        var password = Passwords.Create();
        var hash = Passwords.Hash(password);
        database.Transact(() =>
        {
            users.SetPassword(user.Id, hash);
            audit.Write(actor, null, "users.reset-password", Object(user));
        });
        return (user, password);
    }

    /// <summary>An address in the form it is kept in.</summary>
    internal static string Email(string text)
    {
        var email = text.Trim().ToLowerInvariant();
        var at = email.IndexOf('@', StringComparison.Ordinal);
        if (email.Length > LongestEmail || at < 1 || at != email.LastIndexOf('@') || at == email.Length - 1 || email.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter)))
            throw new CommandException(CommandProblem.Invalid, "The e-mail address must look like name@example.org.");
        return email;
    }

    internal static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static void DemandRole(Actor actor, Guid team, Right right, Role role, string what)
    {
        actor.Demand(right, team, what);
        if (role == Role.Owner)
            actor.Demand(Right.MakeOwner, team, "make an owner");
    }

    private Membership Member(Team team, string email)
    {
        var address = Email(email);
        return users.Members(team.Id).FirstOrDefault(member => member.User.Email == address)
            ?? throw new CommandException(CommandProblem.NotFound, $"{address} is no member of the team {team.Name}.");
    }

    private void KeepAnOwner(Guid team, Membership leaving)
    {
        // Takes the team's row, so that two owners who leave at one time do so one after the other.
        database.Execute("UPDATE teams SET name = name WHERE id = $id", ("$id", team.ToString("N")));
        if (!users.Members(team).Any(member => member.Role == Role.Owner && member.User.Id != leaving.User.Id))
            throw new CommandException(CommandProblem.Conflict, "The last owner cannot leave the team: make somebody else an owner first, or delete the team.");
    }

    private static string Object(User user) => $"user:{user.Id:D}";

    private static string State(Role role) => $$"""{"role":"{{role.Word()}}"}""";
}
