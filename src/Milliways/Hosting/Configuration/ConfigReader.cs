using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Hosting.Configuration;

/// <summary>Reads <c>milliways.json</c>: all problems at once, each with its line and a remedy.</summary>
internal sealed class ConfigReader(string file, Func<string, string?> environment, Func<string, string> readFile)
{
    private static readonly Dictionary<string, string> Dialects =
        new[] { "openai-chat", "openai-responses", "anthropic", "google", "xai-grpc" }.ToDictionary(name => name);

    private static readonly Dictionary<string, bool> WhenGone = new() { ["cancel"] = false, ["drain"] = true };

    private static readonly Dictionary<string, Flavour> Flavours = new() { ["xai"] = Flavour.Xai, ["openai"] = Flavour.OpenAi };

    private readonly List<ConfigProblem> _problems = [];
    private readonly List<string> _warnings = [];
    private readonly List<string> _files = [];

    public IReadOnlyList<ConfigProblem> Problems => _problems;

    public MilliwaysConfig Read(byte[] utf8)
    {
        ConfigNode node;
        try
        {
            node = ConfigNode.Parse(utf8);
        }
        catch (JsonException broken)
        {
            _problems.Add(new ConfigProblem(file, (int)(broken.LineNumber ?? 0) + 1, "",
                string.Create(CultureInfo.InvariantCulture, $"is not JSON at column {(broken.BytePositionInLine ?? 0) + 1}: {JsonPlace.Remedy(broken.Message)}")));
            return new MilliwaysConfig();
        }
        if (node.Kind != JsonValueKind.Object)
        {
            _problems.Add(new ConfigProblem(file, node.Line, "", "must be an object in braces"));
            return new MilliwaysConfig();
        }
        return ReadRoot(new ConfigSection(node, "", file, _problems));
    }

    private MilliwaysConfig ReadRoot(ConfigSection root)
    {
        var config = new MilliwaysConfig
        {
            File = file,
            Upstreams = root.Section("upstreams") is { } upstreams ? [.. upstreams.Entries().Select(ReadUpstream)] : [],
            Models = root.Section("models") is { } models ? [.. models.Entries().Select(ReadModel)] : [],
            Engine = root.Section("engine") is { } engine ? ReadEngine(engine) : new EngineConfig(),
            Security = root.Section("security") is { } security ? ReadSecurity(security) : new SecurityConfig(),
            Credits = root.Section("credits") is { } credits ? CreditsReader.Read(credits) : new CreditsConfig(),
            Billing = root.Section("billing") is { } billing ? BillingReader.Read(billing) : new BillingConfig(),
            Limits = root.Section("limits") is { } limits ? LimitsReader.Read(limits) : new LimitsConfig(),
            Alerts = root.Section("alerts") is { } alerts ? new AlertsReader(this).Read(alerts) : null,
            Gateways = root.Section("gateways") is { } gateways ? GatewaysConfig.Read(gateways) : new GatewaysConfig(),
            Logs = root.Section("logs") is { } logs ? LogsReader.Read(logs) : new LogsConfig(),
            Registration = root.Section("registration") is { } registration ? RegistrationConfig.Read(registration) : new RegistrationConfig(),
            Grpc = root.Section("grpc") is { } grpc ? GrpcConfig.Read(grpc) : new GrpcConfig(),
            Tls = root.Section("tls") is { } tls ? TlsConfig.Read(tls) : null,
        };
        root.Done();
        CheckNames(root, config);
        CheckAliases(root, config);
        return config with { Warnings = _warnings, OtherFiles = _files };
    }

    private UpstreamConfig ReadUpstream((string Name, ConfigSection Section) entry)
    {
        var (name, section) = entry;
        if (name.Contains('/', StringComparison.Ordinal) || name.Length == 0)
            section.Problem("an upstream's name must not be empty or contain a slash: upstream/model names a model");
        var preset = section.Text("preset");
        if (preset is not null && Upstreams.Presets.Find(preset) is null)
            section.Problem($"\"{preset}\" is no preset{NearestName.Hint(preset, Upstreams.Presets.Names)}", name: "preset");
        var dialect = section.Text("dialect");
        if (dialect is not null && !Dialects.ContainsKey(dialect))
            section.Problem($"\"{dialect}\" is not one of {string.Join(", ", Dialects.Keys)}{NearestName.Hint(dialect, Dialects.Keys)}", name: "dialect");
        var baseUrl = section.Text("baseUrl");
        if (preset is null && dialect is null)
            section.Problem("needs a \"preset\" or a \"dialect\"");
        if (baseUrl is null && (preset is null || Upstreams.Presets.Find(preset) is { BaseUrl: null }))
            section.Problem($"needs a \"baseUrl\", such as \"{(preset is null ? "http://127.0.0.1:8000/v1" : "https://NAME.openai.azure.com/openai/v1")}\"");
        if (baseUrl is not null && !Upstreams.UpstreamAddress.TryParse(baseUrl, out _))
            section.Problem($"\"{baseUrl}\" is no http or https address", name: "baseUrl");
        string? off = null;
        var key = section.Text("apiKey") is { } reference ? ReadSecret(section, "apiKey", reference, ref off) : null;
        var own = section.Section("headers") is { } headers ? ReadHeaders(section, headers, ref off) : [];
        var caFile = section.Text("caFile");
        if (caFile is not null)
            CheckAuthorities(section, caFile, ref off);
        var upstream = new UpstreamConfig(name)
        {
            Preset = preset,
            Dialect = dialect,
            BaseUrl = baseUrl,
            ApiKey = key,
            OffBecause = off,
            Models = section.Texts("models") ?? [],
            Provider = section.Text("provider"),
            Timeouts = section.Section("timeouts") is { } timeouts ? ReadTimeouts(timeouts) : new TimeoutsConfig(),
            Headers = own,
            MaxConnections = section.Count("maxConnections", 1, 65536),
            Breaker = RoutingReader.ReadBreaker(section),
            Retries = RoutingReader.ReadRetries(section),
            Proxy = ReadProxy(section),
            CaFile = caFile,
            Http2 = section.Flag("http2") ?? false,
            DrainWhenClientGone = section.Choice("onClientGone", WhenGone) ?? false,
            Flavour = section.Choice("flavour", Flavours),
            Responses = ReadResponses(section, dialect, preset),
            Prices = section.Section("prices") is { } prices ? ReadPrices(prices) : [],
        };
        section.Done();
        return upstream;
    }

    private static bool? ReadResponses(ConfigSection section, string? dialect, string? preset)
    {
        var responses = section.Flag("responses");
        var isChat = dialect is null ? preset is null || Upstreams.Presets.Find(preset) is not { Dialect: not Upstreams.UpstreamDialect.OpenAiChat } : dialect == "openai-chat";
        if (responses is not null && !isChat)
            section.Problem("says whether an upstream of the dialect openai-chat answers Responses too: leave it away", name: "responses");
        return responses;
    }

    private List<(string Name, string Value)> ReadHeaders(ConfigSection upstream, ConfigSection section, ref string? off)
    {
        var headers = new List<(string, string)>();
        foreach (var (name, value) in section.TextEntries())
            if (!HeaderNames.IsToken(name))
                section.Problem("is no name of a header", name: name);
            else if (ReadSecret(upstream, $"header {name}", value, ref off) is { } read)
                headers.Add((name, read));
        return headers;
    }

    /// <summary>A secret that cannot be read switches its upstream, or its alerts' target, off with a warning that names it, and nothing else (contract).</summary>
    internal string? ReadSecret(ConfigSection section, string of, string reference, ref string? off)
    {
        string why;
        if (reference.StartsWith("env:", StringComparison.Ordinal))
        {
            var value = environment(reference[4..]);
            if (!string.IsNullOrEmpty(value))
                return value;
            why = $"the environment variable {reference[4..]} of its {of} is not set";
        }
        else if (reference.StartsWith("file:", StringComparison.Ordinal))
        {
            _files.Add(reference[5..]);
            try
            {
                return readFile(reference[5..]).Trim();
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                why = $"the file {reference[5..]} of its {of} cannot be read";
            }
        }
        else
            return reference;
        SwitchOff(section, why, ref off);
        return null;
    }

    /// <summary>As with secrets: without its authorities an upstream would be trusted wrongly or not at all.</summary>
    internal void CheckAuthorities(ConfigSection section, string caFile, ref string? off)
    {
        _files.Add(caFile);
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(readFile(caFile));
            if (authorities.Count == 0)
                SwitchOff(section, $"the file {caFile} of its caFile has no certificate in PEM form", ref off);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            SwitchOff(section, $"the file {caFile} of its caFile cannot be read", ref off);
        }
    }

    private void SwitchOff(ConfigSection section, string why, ref string? off)
    {
        off ??= why;
        _warnings.Add($"{section.Path} is switched off: {why}");
    }

    private static string? ReadProxy(ConfigSection section)
    {
        var proxy = section.Text("proxy");
        if (proxy is not null && !Upstreams.ProxyAddress.TryParse(proxy, out _))
            section.Problem($"\"{Upstreams.ProxyAddress.WithoutPassword(proxy)}\" is no proxy: write http://HOST:PORT (or https, socks5), with USER:PASSWORD@ before the host where it asks", name: "proxy");
        return proxy;
    }

    private static TimeoutsConfig ReadTimeouts(ConfigSection section)
    {
        var timeouts = new TimeoutsConfig
        {
            Connect = section.Duration("connect"),
            FirstByte = section.Duration("firstByte"),
            Idle = section.Duration("idle"),
            Total = section.Duration("total"),
        };
        section.Done();
        return timeouts;
    }

    private static ModelConfig ReadModel((string Name, ConfigSection Section) entry)
    {
        var (name, section) = entry;
        var attempts = RoutingReader.ReadAttempts(section);
        var config = new ModelConfig(name)
        {
            Alias = section.Text("alias"),
            Attempts = attempts,
            Route = RoutingReader.ReadRoute(section, attempts),
            Context = section.Count("context", 1),
            MaxOutput = section.Count("maxOutput", 1),
            Inputs = section.Texts("inputs"),
            Price = PriceReader.Read(section, "price"),
            Limits = LimitsReader.ReadModel(section),
        };
        if (config.Alias is not null && attempts.Count > 0)
            section.Problem("has both \"alias\" and \"attempts\": keep one");
        section.Done();
        return config;
    }

    private static Dictionary<string, PriceList> ReadPrices(ConfigSection section)
    {
        var prices = new Dictionary<string, PriceList>(StringComparer.Ordinal);
        foreach (var name in section.Names())
            if (PriceReader.Read(section, name) is { } price)
                prices[name] = price;
        section.Done();
        return prices;
    }

    private static EngineConfig ReadEngine(ConfigSection section)
    {
        var defaults = new EngineConfig();
        var engine = new EngineConfig
        {
            Enabled = section.Flag("enabled") ?? true,
            Model = section.Text("model") ?? defaults.Model,
            EmbeddingModel = section.IsNull("embeddingModel") ? null : section.Text("embeddingModel") ?? defaults.EmbeddingModel,
            Sequences = section.Count("sequences", 1, 64) ?? defaults.Sequences,
            Threads = section.Count("threads", 1, 256),
            Queue = section.Count("queue", 0, 65536) ?? defaults.Queue,
        };
        section.Done();
        return engine;
    }

    private static SecurityConfig ReadSecurity(ConfigSection section)
    {
        var security = new SecurityConfig
        {
            AllowPrivateUpstreams = section.Texts("allowPrivateUpstreams") ?? [],
            AllowedHosts = section.Texts("allowedHosts") ?? [],
        };
        foreach (var range in security.AllowPrivateUpstreams)
            if (!System.Net.IPNetwork.TryParse(range, out _))
                section.Problem($"\"{range}\" is no address range such as \"10.0.0.0/8\"", name: "allowPrivateUpstreams");
        section.Done();
        return security;
    }

    /// <summary>Upstreams named by models must exist: an unknown one would only show under load.</summary>
    private static void CheckNames(ConfigSection root, MilliwaysConfig config)
    {
        var upstreams = config.Upstreams.Select(upstream => upstream.Name).Append(Upstreams.Upstream.EngineName).ToHashSet();
        foreach (var model in config.Models)
            foreach (var upstream in model.Attempts.Select(attempt => attempt.Upstream).Distinct())
                if (!upstreams.Contains(upstream) && Upstreams.Presets.Find(upstream) is null)
                    root.Problem($"\"{upstream}\" is no upstream{NearestName.Hint(upstream, upstreams)}",
                        root.Node["models"]?[model.Name]?["attempts"], $"models.{model.Name}.attempts");
    }

    /// <summary>
    /// An alias of <c>upstream/model</c> must name an upstream. A name with a slash may also be another entry or a model that an upstream lists, and a
    /// server that takes any name may know it.
    /// </summary>
    private void CheckAliases(ConfigSection root, MilliwaysConfig config)
    {
        if (config.Upstreams.Any(upstream => upstream.BaseUrl is not null && upstream.Models.Count == 0 && upstream.Preset == upstream.Name)
            || Upstreams.Presets.Everything.Any(preset => !string.IsNullOrWhiteSpace(environment($"{preset.Variable}_BASE_URL"))))
            return;
        var upstreams = config.Upstreams.Select(upstream => upstream.Name).Append(Upstreams.Upstream.EngineName).ToHashSet();
        var names = config.Models.Select(model => model.Name).Concat(config.Upstreams.SelectMany(upstream => upstream.Models)).ToHashSet();
        foreach (var model in config.Models)
            if (model.Alias is { } alias && alias.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && !names.Contains(alias)
                && !upstreams.Contains(alias[..slash]) && Upstreams.Presets.Find(alias[..slash]) is null)
                root.Problem($"\"{alias[..slash]}\" is no upstream{NearestName.Hint(alias[..slash], upstreams)}",
                    root.Node["models"]?[model.Name]?["alias"], $"models.{model.Name}.alias");
    }
}
