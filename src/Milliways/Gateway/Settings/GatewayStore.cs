using System.Collections.Frozen;
using System.Data.Common;
using Milliways.Dialects.Chat;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Gateway.Settings;

/// <summary>
/// Gateways, stored keys and custom providers in memory: read with every request, written by commands. A team's <c>default</c> gateway is there without a row.
/// </summary>
internal sealed class GatewayStore : IRefreshed
{
    private const string Columns =
        "team, name, flavour, authentication, collect_logs, payloads, log_management, log_management_strategy, rate_limit, rate_interval, rate_technique, max_attempts, retry_delay, backoff, "
        + "request_timeout, byok_only, created, modified";

    private readonly LedgerDatabase _database;
    private readonly TeamStore _teams;
    private volatile Everything _all = null!;

    public GatewayStore(LedgerDatabase database, TeamStore teams)
    {
        (_database, _teams) = (database, teams);
        Refresh();
    }

    public IReadOnlyList<string> Concerns { get; } = [Topics.Gateways, Topics.Teams];

    /// <summary>Gateways that serve whoever comes.</summary>
    public IReadOnlyList<GatewaySettings> Open => [.. _all.Gateways.Values.Where(gateway => !gateway.Authentication)];

    /// <summary>A gateway, or null when the account has none of this name. That the account exists must be known already, for its <c>default</c>.</summary>
    public GatewaySettings? Find(string account, string name) =>
        _all.Gateways.TryGetValue(Key(account, name), out var gateway) ? gateway
        : name == GatewaySettings.Default ? new GatewaySettings(account.ToLowerInvariant(), name)
        : null;

    /// <summary>The team of a gateway that needs no token, or null: it has no such gateway, or one that does.</summary>
    public Team? OpenTo(string account, string name) => _all.OpenTeams.GetValueOrDefault(Key(account, name));

    /// <summary>A team's gateways, by name; the default one is always among them.</summary>
    public IReadOnlyList<GatewaySettings> Of(string account) =>
        [.. _all.Gateways.Values.Where(gateway => gateway.Account == account).Append(Find(account, GatewaySettings.Default)!).DistinctBy(gateway => gateway.Name).OrderBy(gateway => gateway.Name, StringComparer.Ordinal)];

    /// <summary>The flavour of a gateway, whoever calls; null: as the path says.</summary>
    public Flavour? FlavourOf(string account, string gateway) => Find(account, gateway)?.Flavour;

    /// <summary>The keys that are stored for a provider in a gateway; the one that is used when no alias is named stands first.</summary>
    public IReadOnlyList<StoredKey> KeysOf(string account, string gateway, string provider) => _all.Keys.GetValueOrDefault(Key(account, gateway) + "/" + provider) ?? [];

    public IReadOnlyList<StoredKey> KeysOf(string account, string gateway) =>
        [.. _all.Keys.Values.SelectMany(keys => keys).Where(key => key.Account == account && key.Gateway == gateway).OrderBy(key => key.Provider, StringComparer.Ordinal).ThenBy(key => key.Alias, StringComparer.Ordinal)];

    public CustomProvider? Provider(string account, string slug) => _all.Providers.GetValueOrDefault(Key(account, slug));

    public IReadOnlyList<CustomProvider> ProvidersOf(string account) =>
        [.. _all.Providers.Values.Where(provider => provider.Account == account).OrderBy(provider => provider.Slug, StringComparer.Ordinal)];

    /// <summary>Several writes as one, taken over when they are done. Blocks.</summary>
    public void Change(Action work)
    {
        _database.Transact(work);
        Refresh();
    }

    /// <summary>Writes a whole gateway; inside <see cref="Change"/>.</summary>
    public void Write(GatewaySettings gateway) => _database.Execute(
        $"INSERT INTO gateways ({Columns}) VALUES ($team, $name, $flavour, $authentication, $collect_logs, $payloads, $log_management, $log_management_strategy, $rate_limit, $rate_interval, "
        + "$rate_technique, $max_attempts, $retry_delay, $backoff, $request_timeout, $byok_only, $created, $modified) ON CONFLICT (team, name) DO UPDATE SET flavour = $flavour, "
        + "authentication = $authentication, collect_logs = $collect_logs, payloads = $payloads, log_management = $log_management, log_management_strategy = $log_management_strategy, "
        + "rate_limit = $rate_limit, rate_interval = $rate_interval, rate_technique = $rate_technique, max_attempts = $max_attempts, retry_delay = $retry_delay, backoff = $backoff, "
        + "request_timeout = $request_timeout, byok_only = $byok_only, modified = $modified",
        ("$team", gateway.Account), ("$name", gateway.Name), ("$flavour", gateway.Flavour?.Word()), ("$authentication", gateway.Authentication ? 1 : 0),
        ("$collect_logs", gateway.CollectLogs ? 1 : 0), ("$payloads", GatewayWords.Payloads(gateway.LogPayloads)), ("$log_management", gateway.LogManagement),
        ("$log_management_strategy", gateway.LogManagementStrategy?.Word()), ("$rate_limit", gateway.Rate?.Requests), ("$rate_interval", gateway.Rate?.Seconds),
        ("$rate_technique", gateway.Rate?.Technique.Word()), ("$max_attempts", gateway.MaxAttempts), ("$retry_delay", gateway.RetryDelay), ("$backoff", gateway.Backoff?.Word()),
        ("$request_timeout", gateway.RequestTimeout), ("$byok_only", gateway.ByokOnly ? 1 : 0), ("$created", gateway.Created.ToUnixTimeMilliseconds()),
        ("$modified", gateway.Modified.ToUnixTimeMilliseconds()));

    /// <summary>Takes a gateway and the keys stored for it away; inside <see cref="Change"/>.</summary>
    public void Delete(string account, string name)
    {
        _database.Execute("DELETE FROM gateway_keys WHERE team = $team AND gateway = $name", ("$team", account), ("$name", name));
        _database.Execute("DELETE FROM gateways WHERE team = $team AND name = $name", ("$team", account), ("$name", name));
    }

    /// <summary>Adds a key, in the place of one with the same alias; inside <see cref="Change"/>.</summary>
    public void Write(StoredKey key)
    {
        _database.Execute("DELETE FROM gateway_keys WHERE team = $team AND gateway = $gateway AND provider = $provider AND alias = $alias",
            ("$team", key.Account), ("$gateway", key.Gateway), ("$provider", key.Provider), ("$alias", key.Alias));
        if (key.IsDefault)
            _database.Execute("UPDATE gateway_keys SET is_default = 0 WHERE team = $team AND gateway = $gateway AND provider = $provider",
                ("$team", key.Account), ("$gateway", key.Gateway), ("$provider", key.Provider));
        _database.Execute(
            "INSERT INTO gateway_keys (id, team, gateway, provider, alias, is_default, secret, preview, created) VALUES ($id, $team, $gateway, $provider, $alias, $default, $secret, $preview, $created)",
            ("$id", key.Id.ToString("N")), ("$team", key.Account), ("$gateway", key.Gateway), ("$provider", key.Provider), ("$alias", key.Alias), ("$default", key.IsDefault ? 1 : 0),
            ("$secret", key.Secret), ("$preview", key.Preview), ("$created", key.Created.ToUnixTimeMilliseconds()));
    }

    /// <summary>Inside <see cref="Change"/>; false when there is none.</summary>
    public bool DeleteKey(string account, Guid id) =>
        _database.Execute("DELETE FROM gateway_keys WHERE team = $team AND id = $id", ("$team", account), ("$id", id.ToString("N"))) > 0;

    /// <summary>Adds or replaces a custom provider; inside <see cref="Change"/>.</summary>
    public void Write(CustomProvider provider) => _database.Execute(
        "INSERT INTO custom_providers (id, team, slug, name, base_url, enabled, created, modified) VALUES ($id, $team, $slug, $name, $url, $enabled, $created, $modified) "
        + "ON CONFLICT (team, slug) DO UPDATE SET name = $name, base_url = $url, enabled = $enabled, modified = $modified",
        ("$id", provider.Id.ToString("N")), ("$team", provider.Account), ("$slug", provider.Slug), ("$name", provider.Name), ("$url", provider.BaseUrl),
        ("$enabled", provider.IsEnabled ? 1 : 0), ("$created", provider.Created.ToUnixTimeMilliseconds()), ("$modified", provider.Modified.ToUnixTimeMilliseconds()));

    /// <summary>Inside <see cref="Change"/>; false when there is none.</summary>
    public bool DeleteProvider(string account, string slug) =>
        _database.Execute("DELETE FROM custom_providers WHERE team = $team AND slug = $slug", ("$team", account), ("$slug", slug)) > 0;

    /// <summary>Null takes the setting away.</summary>
    public void SetFlavour(string account, string gateway, Flavour? flavour) => Change(() => Write((Find(account, gateway) ?? new GatewaySettings(account, gateway)) with { Flavour = flavour }));

    /// <summary>Takes over what another process has written.</summary>
    public void Refresh()
    {
        var gateways = _database.Query($"SELECT {Columns} FROM gateways", ReadGateway);
        var keys = _database.Query("SELECT id, team, gateway, provider, alias, is_default, secret, preview, created FROM gateway_keys", row => new StoredKey(
            Guid.ParseExact(row.GetString(0), "N"), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5) != 0, row.GetFieldValue<byte[]>(6), row.GetString(7), Time(row, 8)));
        var providers = _database.Query("SELECT id, team, slug, name, base_url, enabled, created, modified FROM custom_providers", row => new CustomProvider(
            Guid.ParseExact(row.GetString(0), "N"), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5) != 0, Time(row, 6), Time(row, 7)));
        var open = gateways.Where(gateway => !gateway.Authentication)
            .Select(gateway => (Gateway: gateway, Team: _teams.Find(Guid.ParseExact(gateway.Account, "N"))))
            .Where(pair => pair.Team is not null);
        _all = new Everything(
            gateways.ToFrozenDictionary(gateway => Key(gateway.Account, gateway.Name)),
            open.ToFrozenDictionary(pair => Key(pair.Gateway.Account, pair.Gateway.Name), pair => pair.Team!),
            keys.GroupBy(key => Key(key.Account, key.Gateway) + "/" + key.Provider).ToFrozenDictionary(
                group => group.Key, group => group.OrderByDescending(key => key.IsDefault).ThenBy(key => key.Alias, StringComparer.Ordinal).ToArray()),
            providers.ToFrozenDictionary(provider => Key(provider.Account, provider.Slug)));
    }

    private static GatewaySettings ReadGateway(DbDataReader row) => new(row.GetString(0), row.GetString(1))
    {
        Flavour = Text(row, 2) is { } flavour ? Flavours.Parse(flavour) : null,
        Authentication = row.GetInt64(3) != 0,
        CollectLogs = row.GetInt64(4) != 0,
        LogPayloads = GatewayWords.ParsePayloads(Text(row, 5)),
        LogManagement = Number(row, 6),
        LogManagementStrategy = GatewayWords.ParseStrategy(Text(row, 7)),
        Rate = Number(row, 8) is { } limit && Number(row, 9) is { } interval ? new RateLimit(limit, interval, GatewayWords.ParseTechnique(Text(row, 10)) ?? RateTechnique.Fixed) : null,
        MaxAttempts = Number(row, 11),
        RetryDelay = Number(row, 12),
        Backoff = GatewayWords.ParseBackoff(Text(row, 13)),
        RequestTimeout = Number(row, 14),
        ByokOnly = row.GetInt64(15) != 0,
        Created = Time(row, 16),
        Modified = Time(row, 17),
    };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static int? Number(DbDataReader row, int column) => row.IsDBNull(column) ? null : (int)row.GetInt64(column);

    private static DateTimeOffset Time(DbDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    private static string Key(string account, string name) => $"{account.ToLowerInvariant()}/{name}";

    private sealed record Everything(
        FrozenDictionary<string, GatewaySettings> Gateways, FrozenDictionary<string, Team> OpenTeams, FrozenDictionary<string, StoredKey[]> Keys, FrozenDictionary<string, CustomProvider> Providers);
}
