using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;
using Milliways.Tests.Support;

namespace Milliways.EndToEnd.Credits;

/// <summary>Processes of the built executable on one PostgreSQL, a model whose answers cost 100 tokens of output, and what must hold of the books whatever happened.</summary>
internal static class Replicas
{
    public const int Tokens = 100;

    /// <summary>Ticks a token.</summary>
    public const long TokenTicks = 150_000;

    private static readonly Dictionary<string, string?> Secret = new() { ["MILLIWAYS_SECRET"] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" };

    /// <summary>One usage row for each answer; no more was charged than there was; the sum of all postings is zero; the books are right.</summary>
    public static async Task ChecksAsync(PostgresProcess postgres, List<Answer> served, long had)
    {
        await Until.TrueAsync(async () => (await CommandAsync(postgres, "credits", "show"))["held_ticks"]!.GetValue<long>() == 0
            && Charges(await CommandAsync(postgres, "credits", "statement", "--limit", "10000")).Count == served.Count, "all charges are in the books");
        var statement = await CommandAsync(postgres, "credits", "statement", "--limit", "10000", "--ledger");
        var charges = Charges(statement);
        Assert.Equal(served.Select(answer => answer.Header("x-request-id")).Order(StringComparer.Ordinal), charges.Select(charge => charge["request_id"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Equal(had, statement["closing_ticks"]!.GetValue<long>() - charges.Sum(charge => charge["amount_ticks"]!.GetValue<long>()));
        Assert.All(statement["entries"]!.AsArray(), entry => Assert.True(entry!["balance_ticks"]!.GetValue<long>() >= 0, entry.ToJsonString()));
        Assert.Equal(0, statement["postings"]!.AsArray().Sum(posting => posting!["amount_ticks"]!.GetValue<long>()));
        var check = await CommandAsync(postgres, "admin", "check");
        Assert.True(check["ok"]!.GetValue<bool>(), check.ToJsonString());
    }

    private static List<JsonNode> Charges(JsonNode statement) => [.. statement["entries"]!.AsArray().Select(entry => entry!).Where(entry => entry["kind"]!.GetValue<string>() == "charge")];

    public static async Task<Answer> AskAsync(MilliwaysProcess server, bool stream, string text = "hi")
    {
        var body = new JsonObject { ["model"] = "output-only", ["max_tokens"] = Tokens, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }), ["stream"] = stream };
        return await server.Api.PostAsync("/v1/chat/completions", body);
    }

    public static Task AnswerAsync(HttpContext http, string body) => AnswerAsync(http, body, promptTokens: 5);

    public static Task AnswerAsync(HttpContext http, string body, int promptTokens)
    {
        var usage = $$""" "usage":{"prompt_tokens":{{promptTokens}},"completion_tokens":100,"total_tokens":{{promptTokens + 100}}} """;
        if (!body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync("""{"id":"up","object":"chat.completion","created":1,"model":"alpha","choices":[{"index":0,"message":{"role":"assistant","content":"words"},"finish_reason":"stop"}],""" + usage + "}");
        }
        http.Response.ContentType = "text/event-stream";
        return http.Response.WriteAsync(
            """data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"alpha","choices":[{"index":0,"delta":{"role":"assistant","content":"words"},"finish_reason":null}]}""" + "\n\n"
            + """data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"alpha","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n"
            + """data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"alpha","choices":[],""" + usage + "}\n\ndata: [DONE]\n\n");
    }

    public static async Task<PostgresProcess> PostgresAsync((string Namespace, string Address)? network = null)
    {
        var (process, reason) = await PostgresProcess.StartAsync(network);
        if (process is null)
            Assert.Skip(reason);
        return process;
    }

    /// <param name="models">Further ones of the configuration, beginning with a comma.</param>
    public static async Task<Cluster> StartAsync(PostgresProcess postgres, FakeUpstream upstream, int count = 3, string models = "")
    {
        var setup = new Setup
        {
            NoEngine = true, Governed = true, Environment = Secret, Arguments = ["--database", postgres.Address],
            Config = $$"""
                { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "k", "models": ["alpha"], "retries": 0, "breaker": null } },
                  "models": { "output-only": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "15" } } {{models}} },
                  "limits": { "perTeam": { "concurrent": null } }, "credits": { "monthlyGrant": null } }
                """,
        };
        var cluster = new Cluster();
        for (var i = 0; i < count; i++)
        {
            cluster.Add(await MilliwaysProcess.StartAsync(setup));
            cluster[i].UseKey(cluster[0].Key);
        }
        return cluster;
    }

    public static async Task<JsonNode> CommandAsync(PostgresProcess postgres, params string[] words)
    {
        var done = await Program.MilliwaysAsync([.. words, "--json", "--database", postgres.Address]);
        Assert.True(done.ExitCode == 0, done.ToString());
        return JsonNode.Parse(done.Output)!;
    }

    public sealed class Cluster : List<MilliwaysProcess>, IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var server in this)
                await server.DisposeAsync();
        }
    }
}
