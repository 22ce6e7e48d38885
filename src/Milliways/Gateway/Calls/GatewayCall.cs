using Milliways.Gateway.Settings;
using Milliways.Keys;

namespace Milliways.Gateway.Calls;

/// <summary>Whose key a provider is called with, and so who pays (cloudflare 3.8).</summary>
internal enum Payment
{
    /// <summary>Not decided: nobody was called.</summary>
    None,

    /// <summary>The caller's, sent with the request.</summary>
    OwnKey,

    /// <summary>The team's, stored here.</summary>
    StoredKey,

    /// <summary>The operator's, charged to the team's credits.</summary>
    Credits,

    /// <summary>No key at all.</summary>
    Keyless,
}

/// <summary>One request on a gateway address, as a feature of it: what is known before anything is decided, and what was decided since.</summary>
/// <param name="Path">Account and gateway.</param>
/// <param name="Rest">What stands behind the gateway's name, raw as it was written, without its first slash.</param>
/// <param name="Query">From its question mark, raw; empty: none.</param>
/// <param name="LogId">A UUIDv7; the request's own, so that either finds the other.</param>
internal sealed record GatewayCall(GatewayPath Path, string Method, string Rest, string Query, GatewayHeaders Headers, CallerCredentials Credentials, string LogId)
{
    /// <summary>The gateway's own token, and who pays where none is needed.</summary>
    public required PresentedKey Presented { get; init; }

    /// <summary>The headers that are for the provider, beside those for the gateway.</summary>
    public required IHeaderDictionary Head { get; init; }

    /// <summary>The body of a step; null: the request's own, which is still to be read.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Its place among the steps of a universal request; null: it is no step.</summary>
    public int? Step { get; init; }

    /// <summary>A provider's socket is asked for.</summary>
    public bool IsRealtime { get; init; }

    /// <summary>Null as long as nobody has looked whether the gateway exists.</summary>
    public GatewaySettings? Settings { get; set; }

    /// <summary>Nobody: the gateway is open and no token came.</summary>
    public bool IsStranger { get; set; }

    /// <summary>The provider's slug, once it is known.</summary>
    public string? Provider { get; set; }

    public Payment Payment { get; set; }

    public string EventId => Headers.EventId ?? LogId;

    /// <summary>Whether there is an entry in the log of a request that says nothing about it; null: there is none whatever it says.</summary>
    public bool? Logs { get; init; }

    public bool HasEntry => Logs is { } usual && (Headers.CollectLog ?? usual);

    public bool IsCompat => Rest.StartsWith(GatewayRoutes.Compat + "/", StringComparison.Ordinal);
}
