using Milliways.Hosting.Configuration;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>Somebody new: their account, their team, and its first key with the text that is shown this once.</summary>
internal readonly record struct Registered(User User, Team Team, ApiKey Key, string Text);

/// <summary>
/// Accounts that people open by themselves, where the section <c>registration</c> lets them. The monthly grant comes as for every team. Addresses are not
/// verified: <c>allowedMailDomains</c> keeps typos and strangers out, not liars.
/// </summary>
internal sealed class Registration(LedgerDatabase database, ConfigState config, UserStore users, TeamStore teams, KeyStore keys, AuditLog audit, TimeProvider time)
{
    /// <exception cref="CommandException">Not open, not for this address, an address that is taken, or a value that is wrong.</exception>
    public Registered Register(string address, string? name, string password)
    {
        var rules = config.InEffect.Registration;
        if (!rules.Enabled)
            throw new CommandException(CommandProblem.Forbidden, "Registration is not open here: ask an owner of a team for an invitation.");
        var email = MemberCommands.Email(address);
        var domain = email[(email.IndexOf('@', StringComparison.Ordinal) + 1)..];
        if (rules.AllowedMailDomains.Count > 0 && !rules.AllowedMailDomains.Contains(domain))
            throw new CommandException(CommandProblem.Forbidden, $"Addresses of {domain} cannot register here: ask an owner of a team for an invitation.");
        var person = string.IsNullOrWhiteSpace(name) ? email[..email.IndexOf('@', StringComparison.Ordinal)] : name;
        TeamCommands.CheckName(person, "The name");
        var hash = Passwords.Hash(password);
        Registered made = default;
        database.Transact(() =>
        {
            var user = users.Create(email, person, hash);
            var (actor, team, now) = (new RegistrationActor(user.Id), teams.Create(person), time.GetUtcNow());
            users.SetRole(team.Id, user.Id, Role.Owner);
            var (key, text) = keys.New(new ApiKey(Guid.CreateVersion7(now), team, "first key", "", now, now, Disabled: false) { CreatedBy = user.Id, ModifiedBy = user.Id });
            audit.Write(actor, team.Id, "users.register", $"user:{user.Id:D}");
            audit.Write(actor, team.Id, "teams.create", $"team:{team.Id:D}");
            audit.Write(actor, team.Id, "keys.create", $"key:{key.Id:D}");
            made = new Registered(user, team, key, text);
        });
        keys.Refresh(made.Key.Id);
        return made;
    }
}
