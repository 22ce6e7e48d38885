using System.Text;
using Milliways.Catalogue;
using Milliways.Hosting;
using Milliways.Hosting.Configuration;
using Milliways.Tests.Support;

namespace Milliways.Tests.Hosting;

public sealed class ConfigurationTests
{
    /// <summary>The example of the contract, "Configuration file", as it stands there.</summary>
    private const string Example = """
        {
          "upstreams": {
            "lab":     { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:9001/v1", "apiKey": "sk-lab",   "models": ["alpha", "beta"] },
            "lab-r":   { "dialect": "openai-responses", "baseUrl": "http://127.0.0.1:9001/v1", "apiKey": "sk-lab" },
            "claude":  { "preset": "anthropic", "baseUrl": "http://127.0.0.1:9002", "apiKey": "env:CLAUDE_KEY" },
            "gem":     { "preset": "google", "baseUrl": "http://127.0.0.1:9003", "apiKey": "g" },
            "xai":     { "preset": "xai", "apiKey": "file:/run/secrets/xai",
                         "timeouts": { "connect": "5s", "firstByte": "120s", "idle": "60s", "total": "30m" },
                         "headers": { "x-team": "search" }, "maxConnections": 512 }
          },
          "models": {
            "grok-beta":  { "attempts": [ { "upstream": "lab", "model": "alpha" }, { "upstream": "claude", "model": "claude-x" } ] },
            "fast":       { "alias": "lab/beta" },
            "split":      { "attempts": [ { "upstream": "lab", "model": "alpha", "weight": 9 }, { "upstream": "gem", "model": "gemini-x", "weight": 1 } ],
                            "order": "weighted", "retries": 2, "holdBackTokens": 0,
                            "context": 131072, "maxOutput": 8192, "inputs": ["text", "image"],
                            "price": { "input": "5", "cachedInput": "2.5", "output": "15", "image": "5" },
                            "limits": { "requestsPerSecond": 1, "requestsPerMinute": 60, "requestsPerHour": 1200, "tokensPerMinute": 100000, "concurrent": 64 } }
          },
          "credits": { "monthlyGrant": { "amount": "25.00", "from": null, "to": null, "timeZone": "UTC" },
                       "purchaseBonus": { "percent": 100, "from": "2024-11-01", "to": "2024-12-31", "retroactive": true }, "postpaid": "0", "durability": "disk" },
          "limits":  { "perTeam": { "concurrent": 256 }, "perKey": {} },
          "engine":  { "enabled": true, "model": "smollm2", "sequences": 16, "threads": 1 },
          "logs":    { "payloads": "none", "maxAge": "30d", "maxRows": 10000000, "maxBytes": "10GiB" },
          "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] }
        }
        """;

    private static (MilliwaysConfig Config, IReadOnlyList<string> Problems) Read(string text, Func<string, string?>? environment = null)
    {
        var reader = new ConfigReader("m.json", environment ?? (_ => null), _ => throw new FileNotFoundException());
        var config = reader.Read(Encoding.UTF8.GetBytes(text));
        return (config, [.. reader.Problems.Select(problem => problem.ToString())]);
    }

    [Theory]
    [InlineData("\"preset\": \"openai\"", true)]
    [InlineData("\"dialect\": \"openai-chat\", \"baseUrl\": \"http://127.0.0.1:9/v1\"", true)]
    [InlineData("\"preset\": \"google\", \"dialect\": \"openai-chat\"", true)]
    [InlineData("\"preset\": \"anthropic\"", false)]
    [InlineData("\"preset\": \"openai\", \"dialect\": \"openai-responses\"", false)]
    public void Responses_are_a_word_about_chat_upstreams(string members, bool isKnown)
    {
        var (config, problems) = Read($"{{ \"upstreams\": {{ \"u\": {{ {members}, \"responses\": false }} }} }}");
        Assert.False(config.Upstreams[0].Responses);
        Assert.Equal(isKnown ? [] : ["m.json:1: upstreams.u.responses: says whether an upstream of the dialect openai-chat answers Responses too: leave it away"], problems);
    }

    [Fact]
    public void An_alias_to_an_upstream_that_does_not_exist_is_told_with_its_line()
    {
        var (_, problems) = Read("""
            {
              "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:9/v1", "models": ["team/alpha"] } },
              "models": {
                "a": { "alias": "lab/x" }, "b": { "alias": "groq/x" }, "c": { "alias": "engine/smollm2" }, "d": { "alias": "team/alpha" }, "e": { "alias": "grok-beta" },
                "f/g": { "alias": "a" }, "g": { "alias": "f/g" },
                "wrong": { "alias": "lav/x" }
              }
            }
            """);

        var problem = Assert.Single(problems);
        Assert.Contains("m.json:6", problem, StringComparison.Ordinal);
        Assert.Contains("\"lav\" is no upstream; did you mean \"lab\"?", problem.Replace(", did", "; did", StringComparison.Ordinal), StringComparison.Ordinal);
        // A server that takes any name may take this one.
        Assert.Empty(Read("""{ "models": { "a": { "alias": "nowhere/x" } } }""", name => name == "OPENAI_BASE_URL" ? "http://h/v1" : null).Problems);
        Assert.Single(Read("""{ "models": { "a": { "alias": "nowhere/x" } } }""").Problems);
    }

    [Fact]
    public async Task The_contracts_example_works_as_it_stands()
    {
        var (config, problems) = Read(Example);

        Assert.Empty(problems);
        Assert.Equal(["lab", "lab-r", "claude", "gem", "xai"], config.Upstreams.Select(upstream => upstream.Name));
        Assert.Contains("CLAUDE_KEY", config.Upstreams[2].OffBecause, StringComparison.Ordinal);
        Assert.Contains("/run/secrets/xai", config.Upstreams[4].OffBecause, StringComparison.Ordinal);
        Assert.Contains(config.Warnings, warning => warning.Contains("upstreams.claude is switched off", StringComparison.Ordinal));
        Assert.Contains(config.Warnings, warning => warning.Contains("upstreams.xai is switched off", StringComparison.Ordinal));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(30)), (config.Upstreams[4].Timeouts.Connect!.Value, config.Upstreams[4].Timeouts.Total!.Value));
        Assert.Equal(ModelPrice.FromDollars(5, 2.5m, 15, image: 5), config.Models[2].Price!.At(DateTimeOffset.UnixEpoch));
        Assert.Equal(1, config.Engine.Threads);

        await using var server = await TestServer.StartAsync(Example);
        Assert.Equal(503, (await server.PostAsync("/v1/chat/completions", Answers.Ask("claude-x"))).Status);
        Assert.Equal(502, (await server.PostAsync("/v1/chat/completions", Answers.Ask("fast"))).Status); // nobody listens there
        Assert.Equal(["grok-beta", "fast", "split", "alpha", "beta"], (await server.GetAsync("/v1/models")).Json.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
    }

    [Fact]
    public void A_secret_comes_from_the_environment_when_it_is_there()
    {
        var (config, _) = Read(Example, name => name == "CLAUDE_KEY" ? "sk-ant" : null);
        Assert.Equal(("sk-ant", null), (config.Upstreams[2].ApiKey, config.Upstreams[2].OffBecause));
    }

    [Fact]
    public void Comments_trailing_commas_and_a_byte_order_mark_are_no_problem()
    {
        var (config, problems) = Read("\uFEFF// mine\n{ /* a */ \"engine\": { \"enabled\": false, }, }\n");
        Assert.Empty(problems);
        Assert.False(config.Engine.Enabled);
    }

    [Fact]
    public void All_problems_are_told_at_once_each_with_its_line_and_the_nearest_name()
    {
        var (_, problems) = Read("""
            {
              "upstream": {},
              "upstreams": {
                "a": { "dialect": "openai-chta", "baseUrl": "ftp://x", "tiemouts": {} },
                "b/c": { "preset": "xia" },
                "d": { "dialect": "anthropic" },
                "e": { "preset": "xai", "timeouts": { "connect": "5", "idle": "soon" }, "maxConnections": 0, "models": "alpha" },
                "e": { "preset": "xai" }
              },
              "models": { "m": { "attempts": [ { "upstream": "aa", "model": "x" }, { "upstream": "a" } ], "price": { "input": 5, "output": "a lot" } },
                          "n": { "alias": "x", "attempts": [ { "upstream": "a", "model": "x" } ] } },
              "engine": { "sequences": 100, "enabled": "yes" },
              "security": { "allowPrivateUpstreams": ["10.0.0.1/64"] }
            }
            """);

        foreach (var expected in new[]
        {
            "m.json:2: upstream: is not known here; did you mean \"upstreams\"?",
            "m.json:4: upstreams.a.dialect: \"openai-chta\" is not one of", "did you mean \"openai-chat\"?", "m.json:4: upstreams.a.baseUrl: \"ftp://x\"", "m.json:4: upstreams.a.tiemouts: is not known here; did you mean \"timeouts\"?",
            "m.json:5: upstreams.b/c: an upstream's name", "\"xia\" is no preset; did you mean \"xai\"?",
            "m.json:6: upstreams.d: needs a \"baseUrl\"",
            "m.json:7: upstreams.e.timeouts.connect: \"5\" is no duration", "m.json:7: upstreams.e.timeouts.idle", "m.json:7: upstreams.e.maxConnections: must be a whole number from 1 to 65536", "m.json:7: upstreams.e.models: must be a list of texts",
            "m.json:8: upstreams.e: stands here twice",
            "models.m.attempts: \"aa\" is no upstream; did you mean \"a\"?", "m.json:10: models.m.attempts[1]: needs \"upstream\" and \"model\"", "m.json:10: models.m.price.input: must be a text in double quotes", "m.json:10: models.m.price.output: \"a lot\" is no amount",
            "m.json:11: models.n: has both \"alias\" and \"attempts\"",
            "m.json:12: engine.sequences: must be a whole number from 1 to 64", "m.json:12: engine.enabled: must be true or false",
            "m.json:13: security.allowPrivateUpstreams: \"10.0.0.1/64\"",
        })
            Assert.True(problems.Any(problem => problem.Contains(expected, StringComparison.Ordinal)), $"{expected}\nis not among\n{string.Join('\n', problems)}");
    }

    [Theory]
    [InlineData("{ \"engine\": { \"threads\": 2 }, \"engine\": { \"threads\": 3 } }", "engine: stands here twice")]
    [InlineData("{ \"engine\": { \"threads\": 2, \"threads\": 3 } }", "threads: stands here twice")]
    [InlineData("{ \"models\": { \"m\": { \"alias\": \"a\", \"alias\": \"b\" } } }", "alias: stands here twice")]
    public void A_name_that_stands_twice_is_a_problem_wherever_it_stands(string text, string problem) =>
        Assert.Contains(Read(text).Problems, told => told.Contains(problem, StringComparison.Ordinal));

    [Theory]
    [InlineData("[]", "m.json:1: must be an object")]
    [InlineData("{\n\"a\": }", "m.json:2: is not JSON")]
    [InlineData("{} {}", "m.json:1: is not JSON")]
    [InlineData("", "m.json:1: is not JSON")]
    public void What_is_no_json_object_is_told_with_its_line(string text, string problem) =>
        Assert.StartsWith(problem, Assert.Single(Read(text).Problems), StringComparison.Ordinal);

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("5s", 5)]
    [InlineData("2m", 120)]
    [InlineData("24h", 86400)]
    [InlineData("30d", 2592000)]
    [InlineData("1.5s", 1.5)]
    public void Durations_are_a_number_and_a_unit(string text, double seconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5S")]
    [InlineData("1..5s")]
    [InlineData("1e3s")]
    [InlineData("999999999999d")]
    [InlineData("")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Durations.TryParse(text, out _));

    [Fact]
    public void Logs_are_kept_as_the_section_says_and_null_takes_a_bound_away()
    {
        Assert.Equal(new LogsConfig { Payloads = LogPayloads.Full, MaxAge = TimeSpan.FromDays(1), MaxRows = 7, MaxBytes = 3L << 29 }, Read("""{ "logs": { "payloads": "full", "maxAge": "1d", "maxRows": 7, "maxBytes": "1.5GiB" } }""").Config.Logs);
        Assert.Equal(new LogsConfig { MaxAge = null, MaxRows = null, MaxBytes = null }, Read("""{ "logs": { "maxAge": null, "maxRows": null, "maxBytes": null } }""").Config.Logs);
        Assert.Equal(new LogsConfig { Payloads = LogPayloads.None, MaxAge = TimeSpan.FromDays(30), MaxRows = 10_000_000, MaxBytes = 10_737_418_240 }, Read("{}").Config.Logs);
        Assert.Equal(new LogsConfig { Collect = false }, Read("""{ "logs": { "collect": false } }""").Config.Logs);
        Assert.Empty(Read("""{ "logs": {} }""").Config.Warnings);
        foreach (var (wrong, says) in new[]
        {
            ("\"10GB\"", "logs.maxBytes: \"10GB\" is no size: write a number and a unit, such as \"512MiB\", \"10GiB\" or \"1TiB\""), ("\"99999999TiB\"", "is no size"), ("\"MiB\"", "is no size"),
            ("\"63MiB\"", "logs.maxBytes: must be at least \"64MiB\""), ("5", "logs.maxBytes"),
        })
            Assert.Contains(says, Assert.Single(Read($"{{ \"logs\": {{ \"maxBytes\": {wrong} }} }}").Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_file_ends_the_start_with_code_2_and_leaves_no_data_directory()
    {
        using var directory = new TempDirectory();
        foreach (var (options, message) in new (Func<ServeOptions>, string)[]
        {
            (() => TestServer.Options(directory, "{ \"engin\": {} }"), "engin: is not known here; did you mean \"engine\"?"),
            (() => TestServer.Options(directory) with { ConfigFile = directory["missing.json"] }, "cannot be read"),
            (() => TestServer.Options(directory) with { Urls = "https://127.0.0.1:0" }, "tls.certificate"),
        })
        {
            var error = Assert.Throws<UserErrorException>(() => ServeHost.Build(options(), environment: _ => null));
            Assert.Equal(ExitCode.Usage, error.ExitCode);
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(directory["data"]));
        }
    }

    [Fact]
    public void A_base_url_in_the_environment_that_is_none_is_told_by_name()
    {
        using var directory = new TempDirectory();
        var error = Record.Exception(() =>
        {
            var server = ServeHost.Build(TestServer.Options(directory), environment: name => name == "OPENAI_BASE_URL" ? "nonsense" : null);
            _ = server.Services.GetService(typeof(Milliways.Routing.LiveRouting));
        });
        Assert.Contains("OPENAI_BASE_URL", Assert.IsType<UserErrorException>(error).Message, StringComparison.Ordinal);
    }
}
