using Milliways.Dialects.Chat;
using Milliways.Hosting.Configuration;
using Milliways.Upstreams;

namespace Milliways.Routing;

/// <summary>One configuration made ready for routing: immutable, swapped whole.</summary>
internal sealed class RoutingTable
{
    public RoutingTable(MilliwaysConfig config, UpstreamSet upstreams, Upstream? engine, string engineModel, string? engineEmbeddingModel, string? engineOffBecause)
    {
        Models = config.Models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        (Upstreams, Engine, EngineModel, EngineEmbeddingModel, EngineOffBecause) = (upstreams, engine, engineModel, engineEmbeddingModel, engineOffBecause);
    }

    public IReadOnlyDictionary<string, ModelConfig> Models { get; }

    public UpstreamSet Upstreams { get; }

    /// <summary>The embedded engine, or null when it is switched off.</summary>
    public Upstream? Engine { get; }

    public string EngineModel { get; }

    public string? EngineEmbeddingModel { get; }

    /// <summary>Why there is no engine, for those who ask for what it would serve.</summary>
    public string? EngineOffBecause { get; }

    public Failure NoEngine(string name) =>
        new(FailureKind.Overloaded, FailureParty.Gateway, "route",
            $"The model {name} has nobody to serve it: {EngineOffBecause ?? "the embedded engine is switched off"}. Set XAI_API_KEY, or name an upstream in milliways.json.")
        {
            Param = "model",
            RetryAfterSeconds = 60,
        };

    /// <summary>An attempt at an upstream that was configured by name only and never given a key.</summary>
    public static Upstream Missing(string name) =>
        Presets.Find(name) is { } preset && UpstreamAddress.TryParse(preset.BaseUrl ?? "https://unset.invalid", out var address)
            ? new Upstream(name, preset.Dialect, address, Silent) { Preset = preset, OffBecause = $"{preset.Variable}_API_KEY is not set" }
            : throw new InvalidOperationException($"The upstream {name} passed the configuration's checks but does not exist.");

    /// <summary>Never called: an upstream that is off is refused before.</summary>
    private static readonly HttpMessageInvoker Silent = new(new SocketsHttpHandler());
}
