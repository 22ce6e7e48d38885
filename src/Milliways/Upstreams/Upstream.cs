using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Upstreams.Images;

namespace Milliways.Upstreams;

/// <summary>A configured place that answers: everything an attempt needs, fixed until the configuration changes.</summary>
internal sealed class Upstream
{
    /// <summary>The name of the embedded engine among the upstreams.</summary>
    public const string EngineName = "engine";

    private readonly UpstreamAddress _address;
    private (string Name, string Value)? _credential;

    public Upstream(string name, UpstreamDialect dialect, UpstreamAddress address, HttpMessageInvoker client)
    {
        Name = name;
        Dialect = dialect;
        _address = dialect is UpstreamDialect.Anthropic or UpstreamDialect.Google or UpstreamDialect.XaiGrpc ? address.WithoutVersion() : address;
        Client = client;
        ChatUri = _address.At(dialect switch
        {
            UpstreamDialect.Anthropic => "/v1/messages",
            UpstreamDialect.OpenAiResponses => "/responses",
            _ => "/chat/completions",
        });
    }

    public string Name { get; }

    public UpstreamDialect Dialect { get; }

    /// <summary>Requests and answers are messages in frames, over HTTP/2, and the outcome stands behind them.</summary>
    public bool IsGrpc => Dialect == UpstreamDialect.XaiGrpc;

    /// <summary>An upstream of the Chat dialect that answers Responses too.</summary>
    public bool AlsoResponses { get; init; }

    /// <summary>Bytes of the Responses dialect can go there.</summary>
    public bool SpeaksResponses => AlsoResponses || Dialect == UpstreamDialect.OpenAiResponses;

    /// <summary>Writes requests and reads answers as this upstream's dialect has them.</summary>
    public IUpstreamDialect Wire => UpstreamWire.Of(Dialect);

    public HttpMessageInvoker Client { get; }

    public UpstreamAddress Address => _address;

    public Preset? Preset { get; init; }

    /// <summary>The slug under which the gateway's provider paths reach it.</summary>
    public string Provider { get; init; } = "";

    public string? ApiKey { get; init; }

    public AuthStyle Auth { get; init; }

    /// <summary>The header that carries the key.</summary>
    public (string Name, string Value) Credential => _credential ??= Auth switch
    {
        AuthStyle.XApiKey => ("x-api-key", ApiKey!),
        AuthStyle.ApiKey => ("api-key", ApiKey!),
        AuthStyle.XGoogApiKey => ("x-goog-api-key", ApiKey!),
        _ => ("Authorization", "Bearer " + ApiKey),
    };

    public bool IsTls => _address.Origin.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    /// <summary>Asked for in HTTP/2.</summary>
    public bool Http2 { get; init; }

    /// <summary>The answer of a caller that left is read to its end: it is billed anyway.</summary>
    public bool DrainsWhenClientGone { get; init; }

    /// <summary>It speaks Chat as xAI does: searches, conversation header, tokenize-text, xAI's models.</summary>
    public bool IsXai { get; init; }

    /// <summary>How its wire differs from others of its dialect.</summary>
    public UpstreamTraits Traits { get; init; } = UpstreamTraits.Plain;

    /// <summary>
    /// It runs on the operator's own machines, where nobody sends a bill: a preset for such servers, or an address that the environment gives without a key.
    /// </summary>
    public bool IsOwn => Preset is { Hosted: false } || (ServesAnyModel && ApiKey is null);

    /// <summary>What the operator says that models cost here, by name; <c>*</c> stands for all others.</summary>
    public IReadOnlyDictionary<string, PriceList> Prices { get; init; } = new Dictionary<string, PriceList>();

    /// <summary>Extra headers of the operator, sent with every request.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public UpstreamTimeouts Timeouts { get; init; } = new();

    /// <summary>Models it was configured to serve by their bare names.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>True when any model name that nobody else serves may be tried here.</summary>
    public bool ServesAnyModel { get; init; }

    /// <summary>Why it is switched off, or null.</summary>
    public string? OffBecause { get; init; }

    /// <summary>When it is avoided; null: never.</summary>
    public BreakerSettings? Breaker { get; init; } = BreakerSettings.Usual;

    /// <summary>How often one request may ask it again; null: as often as the route says.</summary>
    public int? Retries { get; init; }

    /// <summary>Fetches images by address for an upstream that does not; null where it does.</summary>
    public ImageFetcher? Images { get; init; }

    /// <summary>Set for the embedded engine only.</summary>
    public IUpstreamGuard? Guard { get; init; }

    public bool IsEngine => Guard is not null;

    private Uri ChatUri { get; }

    /// <summary>What the operator says that a model costs here, or null.</summary>
    public PriceList? PriceOf(string model) => Prices.GetValueOrDefault(model) ?? Prices.GetValueOrDefault("*");

    /// <summary>What a request that crosses is written for.</summary>
    public UpstreamTarget Target(string model, bool strict) => new(model) { Strict = strict, Traits = Traits };

    /// <summary>A path below the base address, as it is written.</summary>
    public Uri At(string path) => _address.At(path);

    /// <summary>Where an operation is posted, or null when the upstream's dialect has no such operation.</summary>
    /// <param name="operation">What is wanted.</param>
    /// <param name="model">The upstream's name of the model, which Google wants in the address.</param>
    /// <param name="stream">Whether the answer shall stream, which Google wants there too.</param>
    public Uri? UriFor(Operation operation, string model, bool stream) => (operation, Dialect) switch
    {
        (Operation.Chat, UpstreamDialect.Google) when model.Length <= GeminiPath.LongestModel => _address.At(GeminiPath.Of(model, stream)),
        (Operation.Chat, UpstreamDialect.XaiGrpc) => _address.At(stream ? "/xai_api.Chat/GetCompletionChunk" : "/xai_api.Chat/GetCompletion"),
        (Operation.Chat, UpstreamDialect.OpenAiChat or UpstreamDialect.OpenAiResponses or UpstreamDialect.Anthropic) => ChatUri,
        (Operation.Embeddings, UpstreamDialect.OpenAiChat) => _address.At("/embeddings"),
        (Operation.ImageGenerations, UpstreamDialect.OpenAiChat) when !IsEngine => _address.At("/images/generations"),
        (Operation.ImageEdits, UpstreamDialect.OpenAiChat) when !IsEngine => _address.At("/images/edits"),
        (Operation.TokenizeText, UpstreamDialect.OpenAiChat) when IsEngine || IsXai => _address.At("/tokenize-text"),
        (Operation.CountTokens, UpstreamDialect.Anthropic) => _address.At("/v1/messages/count_tokens"),
        (Operation.CountTokens, UpstreamDialect.OpenAiChat) when IsEngine => _address.At("/chat/count-tokens"),
        _ => null,
    };
}

/// <summary>How long an upstream may take (contract, "Time-outs"); what fires first ends the attempt.</summary>
internal sealed record UpstreamTimeouts
{
    public static UpstreamTimeouts Usual { get; } = new();

    /// <summary>Connect and TLS.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Response headers and first event.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Between events.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The whole exchange, all attempts together.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromMinutes(30);
}
