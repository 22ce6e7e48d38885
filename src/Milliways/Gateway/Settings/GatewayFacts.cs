using System.Text.Json.Serialization;
using Milliways.Dialects.Chat;
using Milliways.Teams;

namespace Milliways.Gateway.Settings;

/// <summary>A gateway as commands show it and the audit log keeps it; the names are Cloudflare's (cloudflare 4.2).</summary>
internal sealed record GatewayFacts(string Team, string Name)
{
    public string? Flavour { get; init; }

    public bool Authentication { get; init; }

    public bool CollectLogs { get; init; }

    /// <summary>none or full; null: as the configuration says.</summary>
    public string? Payloads { get; init; }

    public int? LogManagement { get; init; }

    public string? LogManagementStrategy { get; init; }

    public int? RateLimitingLimit { get; init; }

    public int? RateLimitingInterval { get; init; }

    public string? RateLimitingTechnique { get; init; }

    public int? RetryMaxAttempts { get; init; }

    public int? RetryDelay { get; init; }

    public string? RetryBackoff { get; init; }

    public int? RequestTimeout { get; init; }

    public bool ByokOnly { get; init; }

    public bool IsDefault { get; init; }

    /// <summary>Null for a default gateway that nobody has set anything of.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset? ModifiedAt { get; init; }

    public static GatewayFacts Of(GatewaySettings gateway) => new(gateway.Account, gateway.Name)
    {
        Flavour = gateway.Flavour?.Word(),
        Authentication = gateway.Authentication,
        CollectLogs = gateway.CollectLogs,
        Payloads = GatewayWords.Payloads(gateway.LogPayloads),
        LogManagement = gateway.LogManagement,
        LogManagementStrategy = gateway.LogManagementStrategy?.Word(),
        RateLimitingLimit = gateway.Rate?.Requests,
        RateLimitingInterval = gateway.Rate?.Seconds,
        RateLimitingTechnique = gateway.Rate?.Technique.Word(),
        RetryMaxAttempts = gateway.MaxAttempts,
        RetryDelay = gateway.RetryDelay,
        RetryBackoff = gateway.Backoff?.Word(),
        RequestTimeout = gateway.RequestTimeout,
        ByokOnly = gateway.ByokOnly,
        IsDefault = gateway.IsDefault,
        CreatedAt = gateway.Created.ToUnixTimeMilliseconds() > 0 ? gateway.Created : null,
        ModifiedAt = gateway.Modified.ToUnixTimeMilliseconds() > 0 ? gateway.Modified : null,
    };
}

internal sealed record GatewayRef(string? Team, string Name);

/// <summary>What of a gateway shall be; null stays as it is, or as a new gateway has it. 0 takes a number away.</summary>
internal sealed record ChangeGateway(string? Team, string Name)
{
    /// <summary>xai, openai, or path for what each path says.</summary>
    public string? Flavour { get; init; }

    public bool? Authentication { get; init; }

    public bool? CollectLogs { get; init; }

    /// <summary>none, full, or default for what the configuration says.</summary>
    public string? Payloads { get; init; }

    public int? LogManagement { get; init; }

    public string? LogManagementStrategy { get; init; }

    public int? RateLimitingLimit { get; init; }

    public int? RateLimitingInterval { get; init; }

    public string? RateLimitingTechnique { get; init; }

    public int? RetryMaxAttempts { get; init; }

    public int? RetryDelay { get; init; }

    public string? RetryBackoff { get; init; }

    public int? RequestTimeout { get; init; }

    public bool? ByokOnly { get; init; }
}

/// <summary>A stored key as it is shown: without the key.</summary>
internal sealed record StoredKeyFacts(string Id, string Team, string Gateway, string Provider, string Alias, bool DefaultConfig, string SecretPreview, DateTimeOffset CreatedAt)
{
    public static StoredKeyFacts Of(StoredKey key) => new(key.Id.ToString("D"), key.Account, key.Gateway, key.Provider, key.Alias, key.IsDefault, key.Preview, key.Created);
}

internal sealed record AddStoredKey(string? Team, string Gateway, string Provider, string? Alias, bool? Default, string Key);

internal sealed record StoredKeyRef(string? Team, string Id);

internal sealed record CustomProviderFacts(string Id, string Team, string Slug, string Name, string BaseUrl, bool Enable, DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt)
{
    public static CustomProviderFacts Of(CustomProvider provider) =>
        new(provider.Id.ToString("D"), provider.Account, provider.Slug, provider.Name, provider.BaseUrl, provider.IsEnabled, provider.Created, provider.Modified);
}

/// <summary>Adds a custom provider, or changes the one with this slug; null stays.</summary>
internal sealed record AddCustomProvider(string? Team, string Slug, string? Name, string? BaseUrl, bool? Enable);

internal sealed record CustomProviderRef(string? Team, string Slug);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GatewayRef))]
[JsonSerializable(typeof(GatewayFacts[]))]
[JsonSerializable(typeof(ChangeGateway))]
[JsonSerializable(typeof(StoredKeyFacts[]))]
[JsonSerializable(typeof(AddStoredKey))]
[JsonSerializable(typeof(StoredKeyRef))]
[JsonSerializable(typeof(CustomProviderFacts[]))]
[JsonSerializable(typeof(AddCustomProvider))]
[JsonSerializable(typeof(CustomProviderRef))]
[JsonSerializable(typeof(TeamRef))]
[JsonSerializable(typeof(Done))]
internal sealed partial class GatewaysJson : JsonSerializerContext;
