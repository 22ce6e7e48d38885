using Milliways.Hosting.Admin;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>Management keys in the registry of commands.</summary>
internal sealed class ManagementKeyAdmin(ManagementKeyCommands keys, TimeProvider time) : IAdminCommandSet
{
    public static readonly AdminCommand<CreateManagementKey, CreatedKey> Create = new("keys create-management", KeysJson.Default.CreateManagementKey, KeysJson.Default.CreatedKey);
    public static readonly AdminCommand<TeamRef, ManagementKeyFacts[]> ListAll = new("keys list-management", KeysJson.Default.TeamRef, KeysJson.Default.ManagementKeyFactsArray);
    public static readonly AdminCommand<KeyRef, Done> Delete = new("keys delete-management", KeysJson.Default.KeyRef, KeysJson.Default.Done);

    public void AddTo(AdminCommands commands)
    {
        commands.Add(Create, (actor, request) =>
        {
            var (key, text) = keys.Create(actor, request.Team, request.Name, request.Endpoints, KeyWords.Expiry(request.Expires, time.GetUtcNow()));
            return new CreatedKey(key.Id.ToString("D"), text, key.Name, key.Team.Account) { Expires = key.Expires };
        });
        commands.Add(ListAll, (actor, request) => keys.List(actor, request.Team).Select(ManagementKeyFacts.Of).ToArray());
        commands.Add(Delete, (actor, request) =>
        {
            keys.Delete(actor, request.Id);
            return new Done();
        });
    }
}
