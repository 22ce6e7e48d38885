using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Limits;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Hosting.Configuration;

/// <summary>What the operator wrote, read and checked, before anything is made of it (contract, "Configuration file").</summary>
internal sealed record MilliwaysConfig
{
    /// <summary>In the file's order: of several upstreams that serve one provider the first wins.</summary>
    public IReadOnlyList<UpstreamConfig> Upstreams { get; init; } = [];

    public IReadOnlyList<ModelConfig> Models { get; init; } = [];

    public EngineConfig Engine { get; init; } = new();

    public SecurityConfig Security { get; init; } = new();

    public CreditsConfig Credits { get; init; } = new();

    public BillingConfig Billing { get; init; } = new();

    public LimitsConfig Limits { get; init; } = new();

    public GatewaysConfig Gateways { get; init; } = new();

    public LogsConfig Logs { get; init; } = new();

    public RegistrationConfig Registration { get; init; } = new();

    public GrpcConfig Grpc { get; init; } = new();

    /// <summary>Null: no https.</summary>
    public TlsConfig? Tls { get; init; }

    /// <summary>Null: nobody is told anything.</summary>
    public AlertsConfig? Alerts { get; init; }

    /// <summary>Things worth saying at start that keep nothing from working.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The file it came from, or null when there is none.</summary>
    public string? File { get; init; }

    /// <summary>Files with secrets and certificates that it names: a change of one is a change of the configuration.</summary>
    public IReadOnlyList<string> OtherFiles { get; init; } = [];
}

/// <summary>An upstream as data. What is null here comes from the preset.</summary>
internal sealed record UpstreamConfig(string Name)
{
    public string? Preset { get; init; }

    public string? Dialect { get; init; }

    public string? BaseUrl { get; init; }

    /// <summary>The secret itself, already fetched from the environment or a file.</summary>
    public string? ApiKey { get; init; }

    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The slug under which the gateway serves it.</summary>
    public string? Provider { get; init; }

    public TimeoutsConfig Timeouts { get; init; } = new();

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public int? MaxConnections { get; init; }

    /// <summary>Null: never avoided.</summary>
    public BreakerSettings? Breaker { get; init; } = BreakerSettings.Usual;

    /// <summary>How often one request may ask it again; null: as often as the route says.</summary>
    public int? Retries { get; init; }

    public string? Proxy { get; init; }

    /// <summary>PEM certificates of the authorities that this upstream's certificate may come from, instead of the machine's.</summary>
    public string? CaFile { get; init; }

    /// <summary>HTTP/2 where the upstream has it: by ALPN on https, by prior knowledge on http.</summary>
    public bool Http2 { get; init; }

    /// <summary>The answer of a caller that left is read to its end, for those who bill it anyway.</summary>
    public bool DrainWhenClientGone { get; init; }

    /// <summary>Whose way of the Chat dialect it speaks: <c>xai</c> or <c>openai</c>; null: its preset's.</summary>
    public Flavour? Flavour { get; init; }

    /// <summary>Whether an upstream of the Chat dialect answers Responses too; null: as its preset does.</summary>
    public bool? Responses { get; init; }

    /// <summary>Model name, or <c>*</c> for all others, to its price.</summary>
    public IReadOnlyDictionary<string, PriceList> Prices { get; init; } = new Dictionary<string, PriceList>();

    /// <summary>Why it is switched off, or null.</summary>
    public string? OffBecause { get; init; }
}

/// <summary>Null: the default of the contract's "Time-outs".</summary>
internal sealed record TimeoutsConfig
{
    public TimeSpan? Connect { get; init; }

    public TimeSpan? FirstByte { get; init; }

    public TimeSpan? Idle { get; init; }

    public TimeSpan? Total { get; init; }
}

/// <summary>A model name: an alias, or ordered attempts, and what overrides the catalogue.</summary>
internal sealed record ModelConfig(string Name)
{
    public string? Alias { get; init; }

    public IReadOnlyList<AttemptConfig> Attempts { get; init; } = [];

    public RouteConfig Route { get; init; } = new();

    public int? Context { get; init; }

    public int? MaxOutput { get; init; }

    public IReadOnlyList<string>? Inputs { get; init; }

    public PriceList? Price { get; init; }

    /// <summary>What the operator says of its limits, over those of the catalogue; null: nothing.</summary>
    public LimitSetOverride? Limits { get; init; }
}

/// <summary>Named limits replace the catalogue's, one set to null switches it off, the others stay.</summary>
internal sealed record LimitSetOverride(LimitSet Limits, IReadOnlySet<string> Named);

/// <summary>One of a model's attempts.</summary>
internal readonly record struct AttemptConfig(string Upstream, string Model, int Weight);

/// <summary>How a model's attempts are arranged and how hard they are tried.</summary>
internal sealed record RouteConfig
{
    public RouteOrder Order { get; init; }

    /// <summary>Tries in all beyond one for each attempt; null: <see cref="Route.UsualRetries"/>, or what the upstreams allow.</summary>
    public int? Retries { get; init; }

    public int HoldBackTokens { get; init; }

    public TimeSpan? HedgeAfter { get; init; }
}

internal sealed record EngineConfig
{
    public bool Enabled { get; init; } = true;

    /// <summary>The name of an embedded model or the path of a GGUF file.</summary>
    public string Model { get; init; } = "smollm2";

    /// <summary>The embedding model: a name or a path; null switches embeddings off.</summary>
    public string? EmbeddingModel { get; init; } = "all-minilm";

    public int Sequences { get; init; } = 16;

    /// <summary>Null: the engine chooses by the machine.</summary>
    public int? Threads { get; init; }

    /// <summary>Requests that may wait when all sequences are taken.</summary>
    public int Queue { get; init; } = 256;
}

internal sealed record SecurityConfig
{
    public IReadOnlyList<string> AllowPrivateUpstreams { get; init; } = [];

    /// <summary>Host names besides the loopback's under which a server that listens on loopback may be addressed.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];
}
