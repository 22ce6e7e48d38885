using System.Text.Json;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>What can be done with management keys, as <see cref="KeyCommands"/>.</summary>
/// <exception cref="CommandException">Of every method: what whoever asked can put right.</exception>
internal sealed class ManagementKeyCommands(LedgerDatabase database, ManagementKeyStore store, TeamCommands teams, AuditLog audit, TimeProvider time)
{
    /// <param name="endpoints">Names of endpoints, or <c>*</c>; null: all.</param>
    public (ManagementKey Key, string Text) Create(Actor actor, string? team, string name, IReadOnlyList<string>? endpoints, DateTimeOffset? expires)
    {
        var owner = teams.Show(actor, team);
        actor.Demand(Right.MakeManagementKeys, owner.Id, "create management keys");
        TeamCommands.CheckName(name, "The key's name");
        foreach (var endpoint in endpoints ?? [])
            if (endpoint != "*" && !Rights.Endpoints.Contains(endpoint))
                throw new CommandException(CommandProblem.Invalid, $"The endpoint \"{endpoint}\" is none of the management API: write * or one of {string.Join(", ", Rights.Endpoints)}.");
        var (now, text) = (time.GetUtcNow(), KeyText.CreateManagement());
        var key = new ManagementKey(Guid.CreateVersion7(now), owner, name, KeyText.Redact(text), now, now)
        {
            Acls = [.. (endpoints ?? ["*"]).Select(endpoint => ManagementActor.AclPrefix + endpoint)],
            Expires = expires,
            CreatedBy = actor.Person,
        };
        database.Transact(() =>
        {
            store.Insert(key, text);
            audit.Write(actor, owner.Id, "management-keys.create", Object(key), after: State(key));
        });
        return (key, text);
    }

    public IReadOnlyList<ManagementKey> List(Actor actor, string? team)
    {
        var owner = teams.Show(actor, team);
        actor.Demand(Right.SeeManagementKeys, owner.Id, "see management keys");
        return store.Of(owner);
    }

    public void Delete(Actor actor, string id)
    {
        if (!Guid.TryParse(id, out var parsed) || store.Find(parsed) is not { } key || !actor.Knows(key.Team.Id))
            throw new CommandException(CommandProblem.NotFound, $"There is no management key {id}.");
        actor.Demand(Right.MakeManagementKeys, key.Team.Id, "delete management keys");
        database.Transact(() =>
        {
            store.Delete(key.Id);
            audit.Write(actor, key.Team.Id, "management-keys.delete", Object(key), before: State(key));
        });
    }

    private static string Object(ManagementKey key) => $"management-key:{key.Id:D}";

    private static string State(ManagementKey key) => JsonSerializer.Serialize(ManagementKeyFacts.Of(key), KeysJson.Default.ManagementKeyFacts);
}
