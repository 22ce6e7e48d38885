using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;
using Milliways.Tests.Support;

namespace Milliways.EndToEnd.Credits;

/// <summary>Three processes of the built executable on one PostgreSQL share a team's money.</summary>
public sealed class ReplicaTests
{
    private const int Crowd = 1000, Paid = 100, Tokens = 100;
    private const long Output = 150_000;
    private const int Continue = 18;

    private static readonly Dictionary<string, string?> Secret = new() { ["MILLIWAYS_SECRET"] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" };

    [Fact]
    public async Task Of_a_thousand_at_once_over_three_processes_whole_and_streamed_a_hundred_are_served_and_not_a_tick_is_spent_twice()
    {
        await using var postgres = await PostgresAsync();
        await using var upstream = await FakeUpstream.StartAsync(AnswerAsync);
        await using var servers = await StartAsync(postgres, upstream);
        await CommandAsync(postgres, "credits", "grant", "0.15", "--reason", "test"); // a hundred answers of a hundred tokens

        var answers = await Task.WhenAll(Enumerable.Range(0, Crowd).Select(i => AskAsync(servers[i % 3], stream: i / 3 % 2 == 1)));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { HttpStatusCode.OK, HttpStatusCode.Forbidden }));
        var served = answers.Where(answer => answer.Status == HttpStatusCode.OK).ToList();
        Assert.InRange(served.Count, 95, Paid);
        await ChecksAsync(postgres, served, Paid * Tokens * Output);
    }

    [Fact]
    public async Task What_a_killed_and_a_stopped_process_had_is_back_within_thirty_seconds_and_nobody_spends_it_twice()
    {
        await using var postgres = await PostgresAsync();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = 0;
        await using var upstream = await FakeUpstream.StartAsync(async (http, body) =>
        {
            if (body.Contains("wait", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref held);
                await go.Task;
            }
            await AnswerAsync(http, body);
        });
        await using var servers = await StartAsync(postgres, upstream);
        await CommandAsync(postgres, "credits", "grant", "0.0045", "--reason", "test"); // three answers
        var (killed, stopped) = (AskAsync(servers[1], stream: false, "wait"), AskAsync(servers[2], stream: false, "wait"));
        await Until.TrueAsync(() => Volatile.Read(ref held) == 2, "both are asked");

        servers[1].Signal(Signals.Kill);
        servers[2].Signal(Signals.Stop);
        var began = TimeProvider.System.GetTimestamp();
        await Until.TrueAsync(async () => (await CommandAsync(postgres, "credits", "show"))["held_ticks"]!.GetValue<long>() == 0, "all of it is back", Patience.Long);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));
        var served = new List<Answer>();
        for (var i = 0; i < 3; i++)
            served.Add(await AskAsync(servers[0], stream: false));
        Assert.All(served, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));

        // It goes on with an answer that nobody has money for any more, and with no new one.
        servers[2].Signal(Continue);
        go.SetResult();
        var late = await stopped;
        Assert.Equal(HttpStatusCode.OK, late.Status);
        Assert.NotEqual(HttpStatusCode.OK, (await AskAsync(servers[2], stream: false)).Status);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => killed);
        await ChecksAsync(postgres, [.. served, late], 3 * Tokens * Output);
        var statement = await CommandAsync(postgres, "credits", "statement", "--ledger");
        Assert.Equal(-Tokens * Output, statement["postings"]!.AsArray().Where(posting => posting!["account"]!.GetValue<string>() == "operator:overrun").Sum(posting => posting!["amount_ticks"]!.GetValue<long>()));
    }

    /// <summary>One usage row for each answer; no more was charged than there was; the sum of all postings is zero; the books are right.</summary>
    private static async Task ChecksAsync(PostgresProcess postgres, List<Answer> served, long had)
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

    private static async Task<Answer> AskAsync(MilliwaysProcess server, bool stream, string text = "hi")
    {
        var body = new JsonObject { ["model"] = "output-only", ["max_tokens"] = Tokens, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }), ["stream"] = stream };
        return await server.Api.PostAsync("/v1/chat/completions", body);
    }

    private static Task AnswerAsync(HttpContext http, string body)
    {
        const string usage = """ "usage":{"prompt_tokens":5,"completion_tokens":100,"total_tokens":105} """;
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

    private static async Task<PostgresProcess> PostgresAsync()
    {
        var (process, reason) = await PostgresProcess.StartAsync();
        if (process is null)
            Assert.Skip(reason);
        return process;
    }

    private static async Task<Cluster> StartAsync(PostgresProcess postgres, FakeUpstream upstream)
    {
        var setup = new Setup
        {
            NoEngine = true, Governed = true, Environment = Secret, Arguments = ["--database", postgres.Address],
            Config = $$"""
                { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "k", "models": ["alpha"], "retries": 0, "breaker": null } },
                  "models": { "output-only": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "15" } } },
                  "limits": { "perTeam": { "concurrent": null } }, "credits": { "monthlyGrant": null } }
                """,
        };
        var cluster = new Cluster();
        for (var i = 0; i < 3; i++)
        {
            cluster.Add(await MilliwaysProcess.StartAsync(setup));
            cluster[i].UseKey(cluster[0].Key);
        }
        return cluster;
    }

    private static async Task<JsonNode> CommandAsync(PostgresProcess postgres, params string[] words)
    {
        var done = await Program.MilliwaysAsync([.. words, "--json", "--database", postgres.Address]);
        Assert.True(done.ExitCode == 0, done.ToString());
        return JsonNode.Parse(done.Output)!;
    }

    private sealed class Cluster : List<MilliwaysProcess>, IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var server in this)
                await server.DisposeAsync();
        }
    }
}
