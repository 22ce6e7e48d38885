using Milliways.Dialects.Chat;

namespace Milliways.Upstreams;

/// <summary>The wire API an upstream speaks.</summary>
internal enum UpstreamDialect { OpenAiChat, OpenAiResponses, Anthropic, Google, XaiGrpc }

/// <summary>How an upstream wants its key.</summary>
internal enum AuthStyle
{
    /// <summary><c>Authorization: Bearer</c>.</summary>
    Bearer,

    /// <summary><c>x-api-key</c>: Anthropic.</summary>
    XApiKey,

    /// <summary><c>api-key</c>: Azure OpenAI.</summary>
    ApiKey,

    /// <summary><c>x-goog-api-key</c>: Google AI Studio.</summary>
    XGoogApiKey,
}

/// <summary>A known provider or server as data: adding an OpenAI-compatible one is a row, not code.</summary>
/// <param name="Name">The preset's name in the configuration.</param>
/// <param name="Variable">The stem of its environment variables: <c>XAI</c> gives <c>XAI_API_KEY</c> and <c>XAI_BASE_URL</c>.</param>
internal sealed record Preset(string Name, string Variable)
{
    /// <summary>Where it answers unless the configuration moves it; null when every customer has an address of his own.</summary>
    public string? BaseUrl { get; init; }

    public UpstreamDialect Dialect { get; init; } = UpstreamDialect.OpenAiChat;

    public AuthStyle? OwnAuth { get; init; }

    public AuthStyle Auth => OwnAuth ?? AuthOf(Dialect);

    /// <summary>A server of the Chat dialect that answers Responses too, at <c>/responses</c> below its address.</summary>
    public bool Responses { get; init; }

    /// <summary>What stands where its address was moved to is taken to answer Responses as well.</summary>
    public bool ResponsesWhenMoved { get; init; }

    /// <summary>Model names it serves without being listed; a trailing <c>*</c> stands for any rest.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>False for a server on one's own machines: it needs no key, drops idle connections early, and stands behind no proxy of the environment.</summary>
    public bool Hosted { get; init; } = true;

    /// <summary>
    /// How long a connection may lie idle before we close it: below the server's own time-out, so that we and not the server close one that is about to be
    /// reused (design §4, "Upstream connections").
    /// </summary>
    public TimeSpan IdleConnection => IdleConnections(Hosted);

    /// <summary>How its wire differs from others of its dialect; what a request of the same dialect carries passes as it is.</summary>
    public UpstreamTraits Traits { get; init; } = UpstreamTraits.Plain;

    /// <summary>The gateway's slug where it is not the preset's name (cloudflare 1.3).</summary>
    public string Provider { get; init; } = Name;

    /// <summary>What an address with nothing behind its host is completed with, for providers whose customers know their host only.</summary>
    public string? UsualPath { get; init; }

    /// <summary>Whether Responses are expected at an address; of another server than the preset's own nobody knows.</summary>
    public bool HasResponsesAt(UpstreamAddress address) =>
        Responses && (ResponsesWhenMoved || (BaseUrl is null ? address.BasePath == UsualPath : address == UpstreamAddress.Parse(BaseUrl)));

    public bool Serves(string model) => Models.Any(pattern => pattern.EndsWith('*')
        ? model.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal)
        : pattern == model);

    /// <summary>How a dialect's own maker wants the key.</summary>
    public static AuthStyle AuthOf(UpstreamDialect dialect) => dialect switch
    {
        UpstreamDialect.Anthropic => AuthStyle.XApiKey,
        UpstreamDialect.Google => AuthStyle.XGoogApiKey,
        _ => AuthStyle.Bearer,
    };

    public static TimeSpan IdleConnections(bool hosted) => TimeSpan.FromSeconds(hosted ? 60 : 4);
}
