using Milliways.Dialects.Chat;
using Milliways.Hosting.Configuration;

namespace Milliways.Upstreams;

/// <summary>All upstreams in effect: the file's in its order, then the environment's, then the embedded engine.</summary>
internal sealed class UpstreamSet
{
    private readonly Dictionary<string, Upstream> _byName;

    public UpstreamSet(IReadOnlyList<Upstream> upstreams, IReadOnlyList<string> warnings)
    {
        All = upstreams;
        Warnings = warnings;
        _byName = upstreams.ToDictionary(upstream => upstream.Name, StringComparer.Ordinal);
    }

    public IReadOnlyList<Upstream> All { get; }

    public IReadOnlyList<string> Warnings { get; }

    public Upstream? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The first upstream that serves a provider's slug: one that HTTP requests can be passed on to.</summary>
    public Upstream? ForProvider(string slug) => All.FirstOrDefault(upstream => upstream.Provider == slug && upstream is { OffBecause: null, IsGrpc: false });

    /// <param name="config">The file's upstreams.</param>
    /// <param name="environment">Reads environment variables.</param>
    /// <param name="clients">Gives each its connections.</param>
    /// <param name="engine">The embedded engine, if it runs.</param>
    /// <param name="isOurs">Knows our own keys, which never go to a provider.</param>
    public static UpstreamSet Build(
        MilliwaysConfig config, Func<string, string?> environment, UpstreamClients clients, Upstream? engine, Func<string, bool> isOurs)
    {
        var warnings = new List<string>();
        var configs = config.Upstreams.Concat(EnvironmentUpstreams.Read(environment, config.Upstreams, warnings));
        var upstreams = configs.Select(upstream => Make(upstream, config.Security, clients, isOurs, warnings)).ToList();
        if (engine is not null && upstreams.TrueForAll(upstream => upstream.Name != Upstream.EngineName))
            upstreams.Add(engine);
        return new UpstreamSet(upstreams, warnings);
    }

    private static Upstream Make(UpstreamConfig config, SecurityConfig security, UpstreamClients clients, Func<string, bool> isOurs, List<string> warnings)
    {
        var preset = config.Preset is null ? null : Presets.Find(config.Preset);
        var dialect = config.Dialect switch
        {
            "openai-chat" => UpstreamDialect.OpenAiChat,
            "openai-responses" => UpstreamDialect.OpenAiResponses,
            "anthropic" => UpstreamDialect.Anthropic,
            "google" => UpstreamDialect.Google,
            "xai-grpc" => UpstreamDialect.XaiGrpc,
            _ => preset?.Dialect ?? UpstreamDialect.OpenAiChat,
        };
        var address = UpstreamAddress.Parse(config.BaseUrl ?? preset!.BaseUrl!);
        if (address.BasePath.Length == 0 && preset?.UsualPath is { } path)
            address = address with { BasePath = path };
        var off = config.OffBecause;
        if ((config.ApiKey is not null && isOurs(config.ApiKey)) || config.Headers.Any(header => isOurs(header.Value)))
        {
            off ??= "its key is one of this server's own keys, which are never sent to a provider: give it the provider's key";
            warnings.Add($"upstreams.{config.Name} is switched off: {off}");
        }
        var isXai = dialect == UpstreamDialect.OpenAiChat && (config.Flavour is { } flavour ? flavour == Flavour.Xai : preset?.Name == "xai");
        var traits = preset?.Traits ?? UpstreamTraits.Plain;
        var hosted = preset?.Hosted == true && !address.IsLocal;
        var defaults = new UpstreamTimeouts();
        var timeouts = new UpstreamTimeouts
        {
            Connect = config.Timeouts.Connect ?? defaults.Connect,
            FirstByte = config.Timeouts.FirstByte ?? defaults.FirstByte,
            Idle = config.Timeouts.Idle ?? defaults.Idle,
            Total = config.Timeouts.Total ?? defaults.Total,
        };
        // One that is off makes no connections, and the file of its authorities may be what is missing.
        var client = clients.For(off is null ? config : config with { CaFile = null }, hosted, timeouts.Connect);
        return new Upstream(config.Name, dialect, address, client)
        {
            Preset = preset,
            IsXai = isXai,
            AlsoResponses = dialect == UpstreamDialect.OpenAiChat && (config.Responses ?? preset?.HasResponsesAt(address) ?? false),
            Traits = config.Flavour is null ? traits : traits with { LiveSearch = isXai },
            Http2 = config.Http2 || dialect == UpstreamDialect.XaiGrpc,
            DrainsWhenClientGone = config.DrainWhenClientGone,
            Prices = config.Prices,
            Provider = config.Provider ?? preset?.Provider ?? config.Name,
            ApiKey = config.ApiKey,
            // A preset in another dialect than its own is its provider's other door, such as Google's for OpenAI's clients.
            Auth = preset is not null && preset.Dialect == dialect ? preset.Auth : Preset.AuthOf(dialect),
            Images = UpstreamWire.NeedsInlineImages(dialect, preset) ? clients.Images(security.AllowPrivateUpstreams) : null,
            Headers = config.Headers,
            Timeouts = timeouts,
            Models = config.Models,
            ServesAnyModel = EnvironmentUpstreams.IsMovedByEnvironment(config, preset),
            Breaker = config.Breaker,
            Retries = config.Retries,
            OffBecause = off,
        };
    }
}
