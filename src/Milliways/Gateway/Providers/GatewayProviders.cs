using System.Collections.Concurrent;
using Milliways.Dialects.Chat;
using Milliways.Gateway.Settings;
using Milliways.Hosting.Configuration;
using Milliways.Routing;
using Milliways.Upstreams;
using Milliways.Upstreams.Tenants;

namespace Milliways.Gateway.Providers;

/// <summary>What a slug stands for on a team's gateway: a provider of the table, an upstream of the operator's, or one that the team has added.</summary>
/// <param name="Slug">The provider's own, whatever alias was used.</param>
/// <param name="Row">Null for a slug that only the configuration or the team knows.</param>
/// <param name="Configured">The operator's upstream that serves the slug; null: there is none.</param>
/// <param name="Custom">Null: it is not the team's own.</param>
internal sealed record ProviderTarget(string Slug, Provider? Row, Upstream? Configured, CustomProvider? Custom);

/// <summary>
/// Finds providers and makes upstreams of them. The operator's upstreams win over the table, so that a provider can be moved; what a team has added is called
/// by the tenants' client only, which looks at every address before it connects.
/// </summary>
internal sealed class GatewayProviders(LiveRouting routing, GatewayStore gateways, ConfigState configuration, ProviderHosts hosts, TimeProvider time, Func<string, string?> environment) : IDisposable
{
    private static readonly TimeSpan Connect = TimeSpan.FromSeconds(10);

    private readonly UpstreamClients _clients = new(time, environment);
    private readonly ConcurrentDictionary<string, Upstream> _table = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TenantClient> _tenants = new(StringComparer.Ordinal);
    private readonly Lock _making = new();

    /// <summary>What a slug of a path stands for, or null.</summary>
    public ProviderTarget? Find(string account, string slug)
    {
        if (slug.StartsWith(CustomProvider.Prefix, StringComparison.Ordinal) && gateways.Provider(account, slug[CustomProvider.Prefix.Length..]) is { } custom)
            return custom.IsEnabled ? new ProviderTarget(slug, Row: null, Configured: null, custom) : null;
        var (row, configured) = (ProviderTable.Find(slug), routing.Table.Upstreams.ForProvider(slug));
        return row is null && configured is null ? null : new ProviderTarget(slug, row, configured, Custom: null);
    }

    /// <summary>The operator's upstream of that name, which may be one of several of its provider; null: there is none.</summary>
    public ProviderTarget? Behind(string name) =>
        routing.Table.Upstreams.Find(name) is { } upstream ? new ProviderTarget(upstream.Provider, ProviderTable.Find(upstream.Provider), upstream, Custom: null) : null;

    /// <summary>The upstream of a provider's paths: the operator's, or one without a key.</summary>
    public Upstream UpstreamOf(ProviderTarget target) =>
        target.Configured ?? (target.Custom is { } custom ? Custom(custom, custom.BaseUrl) : _table.GetOrAdd(target.Slug, _ => Make(target.Row!, target.Row!.Base ?? "https://unset.invalid")));

    /// <summary>The upstream that compat's calls go to; null where the provider has no Chat Completions that are known here.</summary>
    public Upstream? ChatUpstreamOf(ProviderTarget target) =>
        target.Configured ?? (target.Custom is { } custom ? Custom(custom, ChatBase(custom.BaseUrl))
            : target.Row is { ChatBase: { } chat } row ? _table.GetOrAdd("compat " + target.Slug, _ => Make(row, chat)) : null);

    /// <summary>The same at an address that the key decides. Not kept: there are as many as there are keys.</summary>
    public Upstream ChatUpstreamAt(Provider row, string chat) => Make(row, chat);

    /// <summary>An upstream at an address that a caller names, by the tenants' client.</summary>
    public Upstream Named(string name, UpstreamAddress address) => new(name, UpstreamDialect.OpenAiChat, address, TenantsClient()) { Provider = name, Breaker = null };

    /// <summary>Where a call of a provider's path goes.</summary>
    public Reading<MappedAddress> AddressOf(ProviderTarget target, string rest) =>
        target.Custom is { } custom ? new MappedAddress(custom.BaseUrl.TrimEnd('/'), rest.Length == 0 ? "" : "/" + rest)
        : target.Configured is { } configured ? ProviderTable.AddressBehind(target.Row, rest, configured.Address)
        : ProviderTable.AddressOf(target.Row!, rest) is { IsOk: true, Value: { } found } ? found with { Base = hosts.Base(found.Base) }
        : ProviderTable.AddressOf(target.Row!, rest);

    public void Dispose()
    {
        _clients.Dispose();
        foreach (var client in _tenants.Values)
            client.Dispose();
    }

    private Upstream Make(Provider row, string address)
    {
        var preset = Presets.Everything.FirstOrDefault(preset => preset.Provider == row.Slug);
        HttpMessageInvoker client;
        lock (_making)
            client = _clients.For(new UpstreamConfig(row.Slug), hosted: true, Connect);
        return new Upstream(row.Slug, row.Dialect, UpstreamAddress.Parse(hosts.Base(address)), client)
        {
            Provider = row.Slug,
            AlsoResponses = row.Responses,
            IsXai = row.Slug == "grok",
            Traits = preset?.Traits ?? UpstreamTraits.Plain,
            Breaker = null, // callers with other keys may fare better, and pass-through tells them what the provider says
        };
    }

    /// <summary>Not kept: a change of it is in effect with the next request, and an object is cheap beside a call.</summary>
    private Upstream Custom(CustomProvider custom, string address) =>
        new(CustomProvider.Prefix + custom.Slug, UpstreamDialect.OpenAiChat, UpstreamAddress.Parse(address), TenantsClient()) { Provider = CustomProvider.Prefix + custom.Slug, Breaker = null };

    /// <summary>For every address that a tenant has named.</summary>
    public HttpMessageInvoker TenantsClient()
    {
        var allowed = configuration.InEffect.Security.AllowPrivateUpstreams;
        return _tenants.GetOrAdd(string.Join(' ', allowed), _ => new TenantClient(new AddressRules(allowed), Connect, hosts.Resolver)).Invoker;
    }

    /// <summary>Documents show base addresses without a version, and the version is OpenAI's.</summary>
    private static string ChatBase(string baseUrl)
    {
        var last = baseUrl.TrimEnd('/');
        last = last[(last.LastIndexOf('/') + 1)..];
        return last.Length > 1 && last[0] == 'v' && char.IsAsciiDigit(last[1]) ? baseUrl : baseUrl.TrimEnd('/') + "/v1";
    }
}

/// <summary>How hosts are found: as they are named. Tests put their own in the place of the internet's.</summary>
internal class ProviderHosts
{
    /// <summary>The address in the place of a provider's.</summary>
    public virtual string Base(string address) => address;

    /// <summary>Null: the system's.</summary>
    public virtual Resolver? Resolver => null;
}
