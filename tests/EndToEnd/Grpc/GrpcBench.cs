using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Grpc;

/// <summary>A governed server, one upstream behind it that does what a test tells it to, and one channel of <c>@grpc/grpc-js</c>.</summary>
public sealed partial class GrpcBench : IAsyncLifetime
{
    /// <summary>Ticks for a token of <c>priced</c>.</summary>
    public const long Input = 20_000, Output = 100_000;

    /// <summary>Of the upstream's usual answer: 5 tokens in, 3 out.</summary>
    public const long Usual = 5 * Input + 3 * Output;

    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> _scripts = new();
    private int _last;
    private FakeUpstream? _upstream;
    private MilliwaysProcess? _server;
    private GrpcJs? _client;

    internal FakeUpstream Upstream => _upstream!;

    internal MilliwaysProcess Server => _server!;

    internal GrpcJs Client => _client!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync(AnswerAsync);
        _server = await StartServerAsync();
        await CreditsAsync(_server, "grant", "100", "--reason", "test");
        _client = await GrpcJs.StartAsync(_server);
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
        if (_upstream is not null)
            await _upstream.DisposeAsync();
    }

    /// <summary>Another server before the same upstream, without any credit.</summary>
    /// <param name="more">Further members of the configuration.</param>
    internal Task<MilliwaysProcess> StartServerAsync(string more = "", string urls = Setup.AnyPort) => MilliwaysProcess.StartAsync(new Setup
    {
        NoEngine = true, Governed = true, Urls = urls,
        Config = $$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{Upstream.Base}}/v1", "apiKey": "k", "models": ["alpha"], "retries": 0, "breaker": null } },
              "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "2", "output": "10" } },
                          "free": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "0" } },
                          "scarce": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "0" }, "limits": { "requestsPerMinute": 1 } } },
              "limits": { "perTeam": { "concurrent": null } }, "credits": { "monthlyGrant": null } {{more}} }
            """,
    });

    /// <summary>A request whose text tells the upstream what to do; without a script it gives its usual answer.</summary>
    internal JsonObject Ask(Func<HttpContext, Task>? script = null, string model = "priced", int maxTokens = 100)
    {
        var name = $"script-{Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture)}-end";
        if (script is not null)
            _scripts[name] = script;
        return new JsonObject { ["model"] = model, ["max_tokens"] = maxTokens, ["n"] = 1, ["messages"] = new JsonArray(User(name)) };
    }

    internal static JsonObject User(JsonNode text) => new() { ["role"] = "ROLE_USER", ["content"] = new JsonArray(new JsonObject { ["text"] = text }) };

    internal static async Task<JsonNode> CreditsAsync(MilliwaysProcess server, params string[] words)
    {
        var done = await Program.MilliwaysAsync(["credits", .. words, "--json", "--data", server.Data]);
        Assert.True(done.ExitCode == 0, done.ToString());
        return JsonNode.Parse(done.Output)!;
    }

    /// <summary>What the statement says of a request, once it is in the books.</summary>
    internal static async Task<long> ChargeAsync(MilliwaysProcess server, string request)
    {
        JsonNode? charge = null;
        await Until.TrueAsync(async () =>
        {
            charge = (await CreditsAsync(server, "statement", "--limit", "10000"))["entries"]!.AsArray().SingleOrDefault(entry => entry!["request_id"]?.GetValue<string>() == request);
            return charge is not null;
        }, "the charge is in the books");
        return -charge!["amount_ticks"]!.GetValue<long>();
    }

    private Task AnswerAsync(HttpContext http, string body) => Script().Match(body) is { Success: true } named && _scripts.TryGetValue(named.Value, out var script)
        ? script(http)
        : body.Contains("\"stream\":true", StringComparison.Ordinal) ? new UpstreamStream(http).AllAsync("Forty-", "two.") : FakeUpstream.AnswerWholeAsync(http);

    [GeneratedRegex("script-[0-9]+-end")]
    private static partial Regex Script();
}
