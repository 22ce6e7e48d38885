using System.Text.Json;

namespace Milliways.Hosting.Configuration;

/// <summary>Reads <c>milliways.json</c>: all problems at once, each with its line and a remedy.</summary>
internal sealed class ConfigReader(string file, Func<string, string?> environment, Func<string, string> readFile)
{
    private static readonly Dictionary<string, string> Dialects =
        new[] { "openai-chat", "openai-responses", "anthropic", "google" }.ToDictionary(name => name);

    private readonly List<ConfigProblem> _problems = [];
    private readonly List<string> _warnings = [];

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
            _problems.Add(new ConfigProblem(file, (int)(broken.LineNumber ?? 0) + 1, "", $"is not JSON: {FirstSentence(broken.Message)}"));
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
        };
        LaterSections.Read(root, _warnings);
        root.Done();
        CheckNames(root, config);
        CheckAliases(root, config);
        return config with { Warnings = _warnings };
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
        if (preset is null && baseUrl is null)
            section.Problem("needs a \"baseUrl\", such as \"http://127.0.0.1:8000/v1\"");
        if (baseUrl is not null && !Upstreams.UpstreamAddress.TryParse(baseUrl, out _))
            section.Problem($"\"{baseUrl}\" is no http or https address", name: "baseUrl");
        string? off = null;
        var key = section.Text("apiKey") is { } reference ? ReadSecret(section, reference, out off) : null;
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
            Headers = section.Section("headers") is { } headers ? [.. headers.TextEntries()] : [],
            MaxConnections = section.Count("maxConnections", 1, 65536),
            Breaker = RoutingReader.ReadBreaker(section),
            Retries = RoutingReader.ReadRetries(section),
            Proxy = section.Text("proxy"),
            CaFile = section.Text("caFile"),
        };
        LaterSections.ReadUpstream(section);
        section.Done();
        return upstream;
    }

    /// <summary>A secret that cannot be read switches its upstream off with a warning that names it, and nothing else (contract).</summary>
    private string? ReadSecret(ConfigSection section, string reference, out string? off)
    {
        off = null;
        if (reference.StartsWith("env:", StringComparison.Ordinal))
        {
            var value = environment(reference[4..]);
            if (string.IsNullOrEmpty(value))
                off = $"the environment variable {reference[4..]} of its apiKey is not set";
            else
                return value;
        }
        else if (reference.StartsWith("file:", StringComparison.Ordinal))
        {
            try
            {
                return readFile(reference[5..]).Trim();
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                off = $"the file {reference[5..]} of its apiKey cannot be read";
            }
        }
        else
            return reference;
        _warnings.Add($"{section.Path} is switched off: {off}");
        return null;
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
            Price = section.Section("price") is { } price ? ReadPrice(price) : null,
        };
        if (config.Alias is not null && attempts.Count > 0)
            section.Problem("has both \"alias\" and \"attempts\": keep one");
        LaterSections.ReadModel(section);
        section.Done();
        return config;
    }

    private static PriceConfig ReadPrice(ConfigSection section)
    {
        var input = section.Money("input") ?? 0;
        var price = new PriceConfig(input, section.Money("cachedInput") ?? input, section.Money("output") ?? 0, section.Money("image") ?? 0);
        section.Done();
        return price;
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

    private static string FirstSentence(string text)
    {
        var end = text.IndexOf(" Path:", StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }
}
