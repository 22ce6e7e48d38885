using System.Data.Common;
using Milliways.Storage;

namespace Milliways.Teams;

/// <summary>A person. The password's hash is only with <see cref="UserStore"/>.</summary>
internal sealed record User(Guid Id, string Email, string Name, DateTimeOffset Created)
{
    /// <summary>May not sign in; keys that they made work on, because a team's services hang on them.</summary>
    public bool Disabled { get; init; }
}

/// <summary>Somebody's place in a team.</summary>
internal sealed record Membership(User User, Role Role, DateTimeOffset Joined);

/// <summary>A place that waits for somebody.</summary>
internal sealed record Invitation(Guid Team, string Email, Role Role, DateTimeOffset Expires);

/// <summary>The rows of people, their places in teams, and invitations.</summary>
internal sealed class UserStore(LedgerDatabase database, TimeProvider time)
{
    private const string Columns = "SELECT users.id, users.email, users.name, users.created, users.disabled";

    public User? Find(string email) => database.Query($"{Columns} FROM users WHERE email = $email", Read, ("$email", email)) is [var user] ? user : null;

    public User? Find(Guid id) => database.Query($"{Columns} FROM users WHERE id = $id", Read, ("$id", id.ToString("N"))) is [var user] ? user : null;

    /// <exception cref="CommandException">There is one with this address.</exception>
    public User Create(string email, string name, string? passwordHash)
    {
        if (Find(email) is not null)
            throw new CommandException(CommandProblem.Conflict, $"There is an account for {email} already.");
        var now = time.GetUtcNow();
        var user = new User(Guid.CreateVersion7(now), email, name, now);
        database.Execute("INSERT INTO users (id, email, name, password, created) VALUES ($id, $email, $name, $password, $created)",
            ("$id", user.Id.ToString("N")), ("$email", email), ("$name", name), ("$password", passwordHash), ("$created", now.ToUnixTimeMilliseconds()));
        return user;
    }

    public void SetPassword(Guid id, string hash) => database.Execute("UPDATE users SET password = $password WHERE id = $id", ("$password", hash), ("$id", id.ToString("N")));

    public void SetDisabled(Guid id, bool disabled) => database.Execute("UPDATE users SET disabled = $disabled WHERE id = $id", ("$disabled", disabled ? 1 : 0), ("$id", id.ToString("N")));

    public string? PasswordOf(Guid id) =>
        database.Query("SELECT password FROM users WHERE id = $id", row => row.IsDBNull(0) ? null : row.GetString(0), ("$id", id.ToString("N"))) is [var hash] ? hash : null;

    public IReadOnlyList<Membership> Members(Guid team) => database.Query(
        $"{Columns}, members.role, members.joined FROM members JOIN users ON users.id = members.person WHERE members.team = $team ORDER BY members.joined, users.id",
        row => new Membership(Read(row), Rights.Parse(row.GetString(5)), Time(row, 6)), ("$team", team.ToString("N")));

    public IReadOnlyDictionary<Guid, Role> RolesOf(Guid user) => database.Query("SELECT team, role FROM members WHERE person = $id",
        row => (Team: Guid.ParseExact(row.GetString(0), "N"), Role: Rights.Parse(row.GetString(1))), ("$id", user.ToString("N"))).ToDictionary(row => row.Team, row => row.Role);

    public void SetRole(Guid team, Guid user, Role role) => database.Execute(
        "INSERT INTO members (team, person, role, joined) VALUES ($team, $person, $role, $now) ON CONFLICT (team, person) DO UPDATE SET role = $role",
        ("$team", team.ToString("N")), ("$person", user.ToString("N")), ("$role", role.Word()), ("$now", time.GetUtcNow().ToUnixTimeMilliseconds()));

    public void Remove(Guid team, Guid user) =>
        database.Execute("DELETE FROM members WHERE team = $team AND person = $person", ("$team", team.ToString("N")), ("$person", user.ToString("N")));

    public IReadOnlyList<Invitation> Invitations(Guid team) => database.Query(
        "SELECT team, email, role, expires FROM invitations WHERE team = $team AND expires > $now ORDER BY created, email", ReadInvitation,
        ("$team", team.ToString("N")), ("$now", time.GetUtcNow().ToUnixTimeMilliseconds()));

    /// <summary>A second invitation of the same address replaces the first.</summary>
    public void Invite(byte[] digest, Invitation invitation, Actor by)
    {
        Uninvite(invitation.Team, invitation.Email);
        database.Execute("INSERT INTO invitations (digest, team, email, role, invited_by, created, expires) VALUES ($digest, $team, $email, $role, $by, $now, $expires)",
            ("$digest", digest), ("$team", invitation.Team.ToString("N")), ("$email", invitation.Email), ("$role", invitation.Role.Word()), ("$by", by.Word),
            ("$now", time.GetUtcNow().ToUnixTimeMilliseconds()), ("$expires", invitation.Expires.ToUnixTimeMilliseconds()));
    }

    public int Uninvite(Guid team, string email) =>
        database.Execute("DELETE FROM invitations WHERE team = $team AND email = $email", ("$team", team.ToString("N")), ("$email", email));

    /// <summary>Takes an invitation away: whoever gets it here is the only one.</summary>
    public Invitation? Take(byte[] digest)
    {
        var found = database.Query("SELECT team, email, role, expires FROM invitations WHERE digest = $digest", ReadInvitation, ("$digest", digest));
        return found is [var invitation] && database.Execute("DELETE FROM invitations WHERE digest = $digest", ("$digest", digest)) == 1 && invitation.Expires > time.GetUtcNow()
            ? invitation : null;
    }

    private static User Read(DbDataReader row) => new(Guid.ParseExact(row.GetString(0), "N"), row.GetString(1), row.GetString(2), Time(row, 3)) { Disabled = row.GetInt64(4) != 0 };

    private static Invitation ReadInvitation(DbDataReader row) =>
        new(Guid.ParseExact(row.GetString(0), "N"), row.GetString(1), Rights.Parse(row.GetString(2)), Time(row, 3));

    private static DateTimeOffset Time(DbDataReader row, int at) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(at));
}
