using Milliways.Hosting.Admin;
using Milliways.Teams;

namespace Milliways.Gateway.Settings;

/// <summary>Gateways, stored keys and custom providers in the registry of commands.</summary>
internal sealed class GatewayAdmin(GatewayCommands gateways) : IAdminCommandSet
{
    public static readonly AdminCommand<TeamRef, GatewayFacts[]> ListAll = new("gateways list", GatewaysJson.Default.TeamRef, GatewaysJson.Default.GatewayFactsArray);
    public static readonly AdminCommand<GatewayRef, GatewayFacts> Show = new("gateways show", GatewaysJson.Default.GatewayRef, GatewaysJson.Default.GatewayFacts);
    public static readonly AdminCommand<ChangeGateway, GatewayFacts> Create = new("gateways create", GatewaysJson.Default.ChangeGateway, GatewaysJson.Default.GatewayFacts);
    public static readonly AdminCommand<ChangeGateway, GatewayFacts> Set = new("gateways set", GatewaysJson.Default.ChangeGateway, GatewaysJson.Default.GatewayFacts);
    public static readonly AdminCommand<GatewayRef, Done> Delete = new("gateways delete", GatewaysJson.Default.GatewayRef, GatewaysJson.Default.Done);
    public static readonly AdminCommand<GatewayRef, StoredKeyFacts[]> ListKeys = new("gateways keys list", GatewaysJson.Default.GatewayRef, GatewaysJson.Default.StoredKeyFactsArray);
    public static readonly AdminCommand<AddStoredKey, StoredKeyFacts> AddKey = new("gateways keys add", GatewaysJson.Default.AddStoredKey, GatewaysJson.Default.StoredKeyFacts);
    public static readonly AdminCommand<StoredKeyRef, Done> RemoveKey = new("gateways keys remove", GatewaysJson.Default.StoredKeyRef, GatewaysJson.Default.Done);
    public static readonly AdminCommand<TeamRef, CustomProviderFacts[]> ListProviders = new("gateways providers list", GatewaysJson.Default.TeamRef, GatewaysJson.Default.CustomProviderFactsArray);
    public static readonly AdminCommand<AddCustomProvider, CustomProviderFacts> AddProvider = new("gateways providers add", GatewaysJson.Default.AddCustomProvider, GatewaysJson.Default.CustomProviderFacts);
    public static readonly AdminCommand<CustomProviderRef, Done> RemoveProvider = new("gateways providers remove", GatewaysJson.Default.CustomProviderRef, GatewaysJson.Default.Done);

    public void AddTo(AdminCommands commands)
    {
        commands.Add(ListAll, (actor, request) => [.. gateways.List(actor, request.Team).Select(GatewayFacts.Of)]);
        commands.Add(Show, (actor, request) => GatewayFacts.Of(gateways.Show(actor, request.Team, request.Name)));
        commands.Add(Create, (actor, request) => GatewayFacts.Of(gateways.Create(actor, request)));
        commands.Add(Set, (actor, request) => GatewayFacts.Of(gateways.Set(actor, request)));
        commands.Add(Delete, (actor, request) =>
        {
            gateways.Delete(actor, request.Team, request.Name);
            return new Done();
        });
        commands.Add(ListKeys, (actor, request) => [.. gateways.Keys(actor, request.Team, request.Name).Select(StoredKeyFacts.Of)]);
        commands.Add(AddKey, (actor, request) => StoredKeyFacts.Of(gateways.AddKey(actor, request)));
        commands.Add(RemoveKey, (actor, request) =>
        {
            gateways.RemoveKey(actor, request.Team, request.Id);
            return new Done();
        });
        commands.Add(ListProviders, (actor, request) => [.. gateways.Providers(actor, request.Team).Select(CustomProviderFacts.Of)]);
        commands.AddAsync(AddProvider, async (actor, request) => CustomProviderFacts.Of(await gateways.AddProviderAsync(actor, request)));
        commands.Add(RemoveProvider, (actor, request) =>
        {
            gateways.RemoveProvider(actor, request.Team, request.Slug);
            return new Done();
        });
    }
}
