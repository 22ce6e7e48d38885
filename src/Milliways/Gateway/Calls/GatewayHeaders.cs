using System.Globalization;
using Milliways.Exchanges;
using Milliways.Gateway.Settings;

namespace Milliways.Gateway.Calls;

/// <summary>
/// What a request or a step of one asks of the gateway, read once (cloudflare 2.1). A value that is none is as good as not sent, as is an unknown name: what
/// a caller sees then is what the gateway is set to.
/// </summary>
internal sealed record GatewayHeaders
{
    public const string Prefix = "cf-aig-";

    private const int LongestText = 1024;

    /// <summary>Seconds; a month is the longest (cloudflare 3.1).</summary>
    private const int LongestTtl = 31 * 24 * 3600;

    public bool? SkipCache { get; init; }

    /// <summary>Seconds, 60 to a month; 0 switches the cache off.</summary>
    public int? CacheTtl { get; init; }

    public string? CacheKey { get; init; }

    public LogMetadata? Metadata { get; init; }

    public CustomCost? CustomCost { get; init; }

    /// <summary>Milliseconds until the first part of an answer.</summary>
    public int? RequestTimeout { get; init; }

    public int? MaxAttempts { get; init; }

    /// <summary>Milliseconds.</summary>
    public int? RetryDelay { get; init; }

    public Backoff? Backoff { get; init; }

    public bool? CollectLog { get; init; }

    public bool? CollectLogPayload { get; init; }

    public string? EventId { get; init; }

    /// <summary>Which stored key; null: the default one.</summary>
    public string? ByokAlias { get; init; }

    public bool? Zdr { get; init; }

    /// <summary>The operator's keys are not to be used for this request.</summary>
    public bool NoWholesale { get; init; }

    public string? OtelTraceId { get; init; }

    public string? OtelParentSpanId { get; init; }

    public string? SessionId { get; init; }

    public string? TurnId { get; init; }

    public bool? NoSessionAffinity { get; init; }

    public IReadOnlyList<string>? AllowedModels { get; init; }

    public IReadOnlyList<string>? AllowedProviders { get; init; }

    public static GatewayHeaders Read(IHeaderDictionary headers) => Read(name => headers.TryGetValue(name, out var value) ? value.ToString() : null);

    /// <param name="header">The value of a header, or null.</param>
    public static GatewayHeaders Read(Func<string, string?> header) => new()
    {
        SkipCache = Flag(header("cf-aig-skip-cache") ?? header("cf-skip-cache")),
        CacheTtl = Number(header("cf-aig-cache-ttl") ?? header("cf-cache-ttl"), 0, LongestTtl) is { } ttl and (0 or >= 60) ? ttl : null,
        CacheKey = Text(header("cf-aig-cache-key")),
        Metadata = header("cf-aig-metadata") is { } metadata ? LogMetadata.Parse(metadata) : null,
        CustomCost = Calls.CustomCost.Read(header("cf-aig-custom-cost")),
        RequestTimeout = Number(header("cf-aig-request-timeout"), 1, int.MaxValue),
        MaxAttempts = Number(header("cf-aig-max-attempts"), 1, GatewaySettings.MostAttempts),
        RetryDelay = Number(header("cf-aig-retry-delay"), 0, GatewaySettings.LongestRetryDelay),
        Backoff = GatewayWords.ParseBackoff(header("cf-aig-backoff")),
        CollectLog = Flag(header("cf-aig-collect-log")),
        CollectLogPayload = Flag(header("cf-aig-collect-log-payload")),
        EventId = Text(header("cf-aig-event-id")),
        ByokAlias = Text(header("cf-aig-byok-alias")),
        Zdr = Flag(header("cf-aig-zdr")),
        NoWholesale = Flag(header("cf-aig-no-wholesale")) == true,
        OtelTraceId = Hex(header("cf-aig-otel-trace-id"), 32),
        OtelParentSpanId = Hex(header("cf-aig-otel-parent-span-id"), 16),
        SessionId = Text(header("cf-aig-session-id")),
        TurnId = Text(header("cf-aig-turn-id")),
        NoSessionAffinity = Flag(header("cf-aig-no-session-affinity")),
        AllowedModels = List(header("cf-aig-allowed-models")),
        AllowedProviders = List(header("cf-aig-allowed-providers")),
    };

    /// <summary>A step's own headers above the request's (cloudflare 2.3).</summary>
    public GatewayHeaders Under(GatewayHeaders step) => new()
    {
        SkipCache = step.SkipCache ?? SkipCache,
        CacheTtl = step.CacheTtl ?? CacheTtl,
        CacheKey = step.CacheKey ?? CacheKey,
        Metadata = step.Metadata ?? Metadata,
        CustomCost = step.CustomCost ?? CustomCost,
        RequestTimeout = step.RequestTimeout ?? RequestTimeout,
        MaxAttempts = step.MaxAttempts ?? MaxAttempts,
        RetryDelay = step.RetryDelay ?? RetryDelay,
        Backoff = step.Backoff ?? Backoff,
        CollectLog = step.CollectLog ?? CollectLog,
        CollectLogPayload = step.CollectLogPayload ?? CollectLogPayload,
        EventId = step.EventId ?? EventId,
        ByokAlias = step.ByokAlias ?? ByokAlias,
        Zdr = step.Zdr ?? Zdr,
        NoWholesale = step.NoWholesale || NoWholesale,
        OtelTraceId = step.OtelTraceId ?? OtelTraceId,
        OtelParentSpanId = step.OtelParentSpanId ?? OtelParentSpanId,
        SessionId = step.SessionId ?? SessionId,
        TurnId = step.TurnId ?? TurnId,
        NoSessionAffinity = step.NoSessionAffinity ?? NoSessionAffinity,
        AllowedModels = step.AllowedModels ?? AllowedModels,
        AllowedProviders = step.AllowedProviders ?? AllowedProviders,
    };

    private static bool? Flag(string? value) => value is null ? null : value.Equals("true", StringComparison.OrdinalIgnoreCase) ? true : value.Equals("false", StringComparison.OrdinalIgnoreCase) ? false : null;

    private static int? Number(string? value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;

    private static string? Text(string? value) => value is { Length: > 0 and <= LongestText } ? value : null;

    private static string? Hex(string? value, int digits) =>
        value?.Length == digits && value.AsSpan().IndexOfAnyExcept("0123456789abcdefABCDEF") < 0 ? value.ToLowerInvariant() : null;

    private static string[]? List(string? value) => Text(value)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
