using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Gateway.Credentials;
using Milliways.Gateway.Providers;
using Milliways.Hosting.Configuration;
using Milliways.Keys;
using Milliways.Secrets;
using Milliways.Teams;
using Milliways.Upstreams.Tenants;

namespace Milliways.Gateway.Settings;

/// <summary>
/// What can be done with gateways, stored keys and custom providers: authorization, the change and its audit row stand here once, whoever asks. A change is in
/// effect in this process when the method returns. The methods block on the database: call them off the threads of sockets.
/// </summary>
/// <param name="configuration">Read when it is needed: most commands go without.</param>
/// <param name="secrets">The same.</param>
/// <exception cref="CommandException">Of every method: what whoever asked can put right.</exception>
internal sealed class GatewayCommands(GatewayStore gateways, TeamCommands teams, AuditLog audit, Func<ConfigState> configuration, Func<SecretBox> secrets, TimeProvider time)
{
    private const int LongestSecret = 16 * 1024;

    /// <summary>Seconds.</summary>
    private const int UsualInterval = 60;

    /// <summary>Seconds: a month.</summary>
    private const int LongestInterval = 31 * 24 * 3600;

    public IReadOnlyList<GatewaySettings> List(Actor actor, string? team) => gateways.Of(teams.Show(actor, team).Account);

    public GatewaySettings Show(Actor actor, string? team, string name) => Find(teams.Show(actor, team), name);

    public GatewaySettings Create(Actor actor, ChangeGateway wanted)
    {
        var owner = Owner(actor, wanted.Team);
        if (!GatewaySettings.IsName(wanted.Name))
            throw Invalid($"name: \"{wanted.Name}\" is no gateway's name: 1 to {GatewaySettings.LongestName} of the letters a to z, digits, hyphens and underscores.");
        gateways.Refresh();
        var (all, most) = (gateways.Of(owner.Account), configuration().InEffect.Gateways.PerTeam);
        if (all.Any(gateway => gateway.Name == wanted.Name))
            throw new CommandException(CommandProblem.Conflict, $"The gateway {wanted.Name} is there already: change it with milliways gateways set {wanted.Name}.");
        if (all.Count >= most)
            throw new CommandException(CommandProblem.Conflict, string.Create(CultureInfo.InvariantCulture, $"The team has {all.Count} gateways, and {most} are the most: delete one, or have gateways.perTeam raised."));
        var made = Apply(new GatewaySettings(owner.Account, wanted.Name) { Created = time.GetUtcNow() }, wanted);
        Write(actor, owner, "gateways.create", made, before: null);
        return made;
    }

    public GatewaySettings Set(Actor actor, ChangeGateway wanted)
    {
        var owner = Owner(actor, wanted.Team);
        gateways.Refresh();
        var before = Find(owner, wanted.Name);
        var after = Apply(before, wanted);
        Write(actor, owner, "gateways.set", after, before);
        return after;
    }

    /// <summary>The default one comes back as it was at first: a team is never without.</summary>
    public void Delete(Actor actor, string? team, string name)
    {
        var owner = Owner(actor, team);
        gateways.Refresh();
        var before = Find(owner, name);
        gateways.Change(() =>
        {
            gateways.Delete(owner.Account, name);
            audit.Write(actor, owner.Id, "gateways.delete", $"gateway:{name}", State(before));
        });
    }

    public IReadOnlyList<StoredKey> Keys(Actor actor, string? team, string gateway)
    {
        var owner = teams.Show(actor, team);
        return gateways.KeysOf(owner.Account, Find(owner, gateway).Name);
    }

    /// <summary>Stores a provider's key, sealed for its row; one with the same alias is replaced.</summary>
    public StoredKey AddKey(Actor actor, AddStoredKey wanted)
    {
        var owner = Owner(actor, wanted.Team);
        gateways.Refresh();
        var (gateway, alias, secret) = (Find(owner, wanted.Gateway), wanted.Alias ?? StoredKey.DefaultAlias, wanted.Key.Trim());
        if (!GatewaySettings.IsName(alias))
            throw Invalid($"alias: \"{alias}\" is none: 1 to {GatewaySettings.LongestName} of the letters a to z, digits, hyphens and underscores.");
        if (!IsProvider(owner, wanted.Provider))
            throw Invalid($"provider: \"{wanted.Provider}\" is no provider's slug: write one of {string.Join(", ", ProviderTable.Everything.Select(provider => provider.Slug))}, custom-SLUG, or the slug of an upstream.");
        var read = StoredSecret.Read(wanted.Provider, secret);
        if (!read.IsOk)
            throw Invalid($"key: {read.Failure.Message}");
        secret = read.Value.Text;
        if (secret.Length is 0 or > LongestSecret || secret.AsSpan().ContainsAny('\r', '\n', '\0'))
            throw Invalid($"key: must be one line of at most {LongestSecret} characters.");
        if (KeyText.IsOurs(secret))
            throw Invalid("key: this is a key of Milliways' own, which is never sent to a provider: store the provider's key.");
        var isFirst = gateways.KeysOf(owner.Account, gateway.Name, wanted.Provider).All(key => key.Alias == alias);
        var key = new StoredKey(Guid.CreateVersion7(time.GetUtcNow()), owner.Account, gateway.Name, wanted.Provider, alias, wanted.Default ?? (isFirst || alias == StoredKey.DefaultAlias), [], Preview(read.Value.Shown), time.GetUtcNow());
        key = key with { Secret = secrets().Seal(secret, key.Context) };
        gateways.Change(() =>
        {
            gateways.Write(key);
            audit.Write(actor, owner.Id, "gateways.keys.add", $"gateway:{gateway.Name}", after: State(key));
        });
        return key;
    }

    public void RemoveKey(Actor actor, string? team, string id)
    {
        var owner = Owner(actor, team);
        gateways.Change(() =>
        {
            if (!Guid.TryParse(id, out var parsed) || !gateways.DeleteKey(owner.Account, parsed))
                throw new CommandException(CommandProblem.NotFound, $"There is no stored key {id}: milliways gateways keys list shows them.");
            audit.Write(actor, owner.Id, "gateways.keys.remove", $"gateway-key:{id}");
        });
    }

    public IReadOnlyList<CustomProvider> Providers(Actor actor, string? team) => gateways.ProvidersOf(teams.Show(actor, team).Account);

    public async Task<CustomProvider> AddProviderAsync(Actor actor, AddCustomProvider wanted)
    {
        var owner = Owner(actor, wanted.Team);
        var slug = wanted.Slug.StartsWith(CustomProvider.Prefix, StringComparison.Ordinal) ? wanted.Slug[CustomProvider.Prefix.Length..] : wanted.Slug;
        if (!GatewaySettings.IsName(slug))
            throw Invalid($"slug: \"{slug}\" is none: 1 to {GatewaySettings.LongestName} of the letters a to z, digits, hyphens and underscores.");
        gateways.Refresh();
        var (before, now) = (gateways.Provider(owner.Account, slug), time.GetUtcNow());
        var address = wanted.BaseUrl ?? before?.BaseUrl ?? throw Invalid("base_url is missing: add --base-url https://...");
        await BaseUrlCheck.CheckAsync(address, new AddressRules(configuration().InEffect.Security.AllowPrivateUpstreams));
        var after = new CustomProvider(before?.Id ?? Guid.CreateVersion7(now), owner.Account, slug, wanted.Name ?? before?.Name ?? slug, address, wanted.Enable ?? before?.IsEnabled ?? true, before?.Created ?? now, now);
        TeamCommands.CheckName(after.Name, "The provider's name");
        gateways.Change(() =>
        {
            gateways.Write(after);
            audit.Write(actor, owner.Id, "gateways.providers.add", $"custom-provider:{slug}", before is null ? null : State(before), State(after));
        });
        return after;
    }

    public void RemoveProvider(Actor actor, string? team, string slug)
    {
        var owner = Owner(actor, team);
        slug = slug.StartsWith(CustomProvider.Prefix, StringComparison.Ordinal) ? slug[CustomProvider.Prefix.Length..] : slug;
        gateways.Change(() =>
        {
            if (!gateways.DeleteProvider(owner.Account, slug))
                throw new CommandException(CommandProblem.NotFound, $"There is no custom provider {slug}: milliways gateways providers list shows them.");
            audit.Write(actor, owner.Id, "gateways.providers.remove", $"custom-provider:{slug}");
        });
    }

    private Team Owner(Actor actor, string? team)
    {
        var owner = teams.Show(actor, team);
        actor.Demand(Right.SetGateway, owner.Id, "change the team's gateways");
        return owner;
    }

    private GatewaySettings Find(Team owner, string name) => gateways.Find(owner.Account, name)
        ?? throw new CommandException(CommandProblem.NotFound, $"There is no gateway {name} of the team {owner.Account}: it has {string.Join(", ", gateways.Of(owner.Account).Select(gateway => gateway.Name))}.");

    private bool IsProvider(Team owner, string slug) =>
        ProviderTable.Find(slug) is not null
        || (slug.StartsWith(CustomProvider.Prefix, StringComparison.Ordinal) && gateways.Provider(owner.Account, slug[CustomProvider.Prefix.Length..]) is not null)
        || configuration().InEffect.Upstreams.Any(upstream => (upstream.Provider ?? upstream.Name) == slug);

    private void Write(Actor actor, Team owner, string action, GatewaySettings after, GatewaySettings? before)
    {
        gateways.Change(() =>
        {
            gateways.Write(after);
            audit.Write(actor, owner.Id, action, $"gateway:{after.Name}", before is null ? null : State(before), State(after));
        });
    }

    private GatewaySettings Apply(GatewaySettings gateway, ChangeGateway wanted) => gateway with
    {
        Flavour = wanted.Flavour switch { null => gateway.Flavour, "path" => null, var word => Flavours.Parse(word) ?? throw Invalid($"flavour: \"{word}\" is none: write xai, openai or path.") },
        Authentication = wanted.Authentication ?? gateway.Authentication,
        CollectLogs = wanted.CollectLogs ?? gateway.CollectLogs,
        LogPayloads = wanted.Payloads switch
        {
            null => gateway.LogPayloads, "default" => null, var word => GatewayWords.ParsePayloads(word) ?? throw Invalid($"payloads: \"{word}\" is none: write none, full or default."),
        },
        LogManagement = Number(wanted.LogManagement, gateway.LogManagement, "log_management", 10_000, 10_000_000),
        LogManagementStrategy = wanted.LogManagementStrategy is not { } strategy ? gateway.LogManagementStrategy
            : GatewayWords.ParseStrategy(strategy) ?? throw Invalid($"log_management_strategy: \"{strategy}\" is none: write STOP_INSERTING or DELETE_OLDEST."),
        Rate = Rate(gateway.Rate, wanted),
        MaxAttempts = Number(wanted.RetryMaxAttempts, gateway.MaxAttempts, "retry_max_attempts", 1, GatewaySettings.MostAttempts),
        RetryDelay = wanted.RetryDelay switch
        {
            null => gateway.RetryDelay, >= 0 and <= GatewaySettings.LongestRetryDelay => wanted.RetryDelay,
            _ => throw Invalid($"retry_delay: must be from 0 to {GatewaySettings.LongestRetryDelay} milliseconds."),
        },
        Backoff = wanted.RetryBackoff is not { } backoff ? gateway.Backoff : GatewayWords.ParseBackoff(backoff) ?? throw Invalid($"retry_backoff: \"{backoff}\" is none: write constant, linear or exponential."),
        RequestTimeout = Number(wanted.RequestTimeout, gateway.RequestTimeout, "request_timeout", 1, int.MaxValue),
        ByokOnly = wanted.ByokOnly ?? gateway.ByokOnly,
        Modified = time.GetUtcNow(),
    };

    private static RateLimit? Rate(RateLimit? before, ChangeGateway wanted)
    {
        const string Remedy = "rate_limiting_limit (--rate-limit) is the number of requests, and 0 switches it off";
        if (wanted is { RateLimitingLimit: null, RateLimitingInterval: null, RateLimitingTechnique: null })
            return before;
        if (wanted.RateLimitingLimit == 0)
            return null;
        if (wanted.RateLimitingInterval is < 1 or > LongestInterval)
            throw Invalid(string.Create(CultureInfo.InvariantCulture, $"rate_limiting_interval (--rate-interval): must be from 1 to {LongestInterval} seconds; {Remedy}."));
        if (wanted.RateLimitingLimit < 0)
            throw Invalid($"rate_limiting_limit (--rate-limit): must not be below 0; {Remedy}.");
        if ((wanted.RateLimitingLimit ?? before?.Requests) is not { } limit)
            throw Invalid($"{(wanted.RateLimitingInterval is null ? "rate_limiting_technique (--rate-technique)" : "rate_limiting_interval (--rate-interval)")}: limits nothing by itself; {Remedy}.");
        var technique = wanted.RateLimitingTechnique is { } word
            ? GatewayWords.ParseTechnique(word) ?? throw Invalid($"rate_limiting_technique: \"{word}\" is none: write fixed or sliding.")
            : before?.Technique ?? RateTechnique.Fixed;
        return new RateLimit(limit, wanted.RateLimitingInterval ?? before?.Seconds ?? UsualInterval, technique);
    }

    private static int? Number(int? wanted, int? before, string name, int least, int most) => wanted switch
    {
        null => before,
        0 => null,
        { } number when number >= least && number <= most => number,
        _ => throw Invalid(string.Create(CultureInfo.InvariantCulture, $"{name}: must be from {least} to {most}; 0 takes it away.")),
    };

    /// <summary>Enough to know a key by, and of a short one nothing.</summary>
    private static string Preview(string secret) => secret.Length >= 16 ? $"{secret[..3]}...{secret[^4..]}" : "...";

    private static CommandException Invalid(string message) => new(CommandProblem.Invalid, message);

    private static string State(GatewaySettings gateway) => JsonSerializer.Serialize(GatewayFacts.Of(gateway), GatewaysJson.Default.GatewayFacts);

    private static string State(StoredKey key) => JsonSerializer.Serialize(StoredKeyFacts.Of(key), GatewaysJson.Default.StoredKeyFacts);

    private static string State(CustomProvider provider) => JsonSerializer.Serialize(CustomProviderFacts.Of(provider), GatewaysJson.Default.CustomProviderFacts);
}
