using System.Text.Json;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Tests.Support;

namespace Milliways.Tests.Upstreams;

/// <summary>xAI over gRPC as an upstream (<c>"dialect": "xai-grpc"</c>), for callers of every dialect.</summary>
public class GrpcUpstreamTests
{
    private const string Chat = "/v1/chat/completions";

    [Fact]
    public async Task Callers_of_every_dialect_are_answered_whole_and_streamed()
    {
        await using var fake = await FakeGrpc.StartAsync((http, _) => http.Request.Path.Value!.EndsWith("Chunk", StringComparison.Ordinal) ? StreamAsync(http) : AnswerAsync(http, "Hi"));
        await using var near = await InFrontAsync(fake.Url);
        using var client = new GrpcClient(near);

        var whole = await near.PostAsync(Chat, Answers.Ask());
        Assert.True(whole.Status == 200, whole.Text);
        var streamed = await near.PostAsync(Chat, Answers.Ask(stream: true, more: ",\"stream_options\":{\"include_usage\":true}"));
        var messages = await near.PostAsync("/v1/messages", Answers.Say("alpha", stream: true));
        var responses = await near.PostAsync("/v1/responses", """{"model":"alpha","input":"Hello"}""");
        var grpc = await client.StreamAsync(GrpcClient.Ask());

        Assert.Equal(("Hi", "far/alpha", 4), (whole.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), whole.Header("x-milliways-upstream"),
            whole.Json.GetProperty("usage").GetProperty("total_tokens").GetInt32()));
        Assert.Contains("\"content\":\"H\"", streamed.Text, StringComparison.Ordinal);
        Assert.Contains("\"total_tokens\":4", streamed.Text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", streamed.Text, StringComparison.Ordinal);
        Assert.Contains("\"text\":\"i\"", messages.Text, StringComparison.Ordinal);
        Assert.Contains("event: message_stop", messages.Text, StringComparison.Ordinal);
        Assert.True(responses.Status == 200, responses.Text);
        Assert.Equal("Hi", responses.Json.GetProperty("output").EnumerateArray().Last().GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal((StatusCode.OK, "Hi"), (grpc.Code, string.Concat(grpc.Messages.SelectMany(chunk => chunk.Outputs).Select(output => output.Delta.Content))));
    }

    [Fact]
    public async Task A_request_comes_with_its_key_its_method_and_its_tools_and_a_server_tool_reaches_xAI()
    {
        var seen = new List<(string Path, string Key, string Te, GetCompletionsRequest Request)>();
        await using var fake = await FakeGrpc.StartAsync((http, request) =>
        {
            seen.Add((http.Request.Path, http.Request.Headers.Authorization.ToString(), http.Request.Headers.TE.ToString(), request));
            return AnswerAsync(http, "Hi");
        });
        await using var near = await InFrontAsync(fake.Url + "/v1", "xai-their-key");
        using var client = new GrpcClient(near);
        var request = GrpcClient.Ask();
        request.Tools.Add(new Tool { WebSearch = new WebSearch { AllowedDomains = { "example.com" } } });

        var answer = await client.CompleteAsync(request);

        Assert.True(answer.Code == StatusCode.OK, answer.Detail);
        var (path, key, te, got) = Assert.Single(seen);
        Assert.Equal(("/xai_api.Chat/GetCompletion", "Bearer xai-their-key", "trailers"), (path, key, te));
        Assert.Equal(("alpha", "Hello", "example.com"), (got.Model, got.Messages[0].Content[0].Text, Assert.Single(Assert.Single(got.Tools).WebSearch.AllowedDomains)));
    }

    [Theory]
    [InlineData("3", 400)]
    [InlineData("5", 404)]
    [InlineData("8", 429)]
    [InlineData("14", 503)]
    [InlineData("16", 502)] // the operator's key is refused: nothing that the caller could mend
    public async Task A_status_in_the_head_is_an_answer_of_the_callers_dialect(string status, int expected)
    {
        await using var fake = await FakeGrpc.StartAsync((http, _) =>
        {
            (http.Response.Headers["grpc-status"], http.Response.Headers["grpc-message"], http.Response.Headers.RetryAfter) = (status, "no %C3%BCber", "7");
            return Task.CompletedTask;
        });
        await using var near = await InFrontAsync(fake.Url);

        var whole = await near.PostAsync(Chat, Answers.Ask());
        var streamed = await near.PostAsync(Chat, Answers.Ask(stream: true));

        Assert.True((whole.Status, streamed.Status) == (expected, expected), whole.Text + streamed.Text);
        if (status is not "16")
            Assert.Contains("über", JsonDocument.Parse(whole.Text).RootElement.GetProperty("error").ToString(), StringComparison.Ordinal);
        if (status == "8")
            Assert.Equal("7", whole.Header("Retry-After"));
    }

    [Fact]
    public async Task An_image_that_xAI_could_not_fetch_is_the_callers_to_mend_and_is_tried_once()
    {
        var calls = 0;
        await using var fake = await FakeGrpc.StartAsync((http, _) =>
        {
            Interlocked.Increment(ref calls);
            (http.Response.Headers["grpc-status"], http.Response.Headers["grpc-message"]) = ("15", "no image there");
            return Task.CompletedTask;
        });
        await using var near = await InFrontAsync(fake.Url, more: ", \"retries\": 3, \"breaker\": null");
        using var client = new GrpcClient(near);

        var refused = await client.CompleteAsync(GrpcClient.Ask());

        Assert.Equal((StatusCode.DataLoss, "no image there", 1), (refused.Code, refused.Detail, calls));
    }

    /// <summary>Prices may be for each call of a tool at the upstream (docs/prices.md).</summary>
    [Fact]
    public async Task Calls_of_server_tools_are_counted_and_charged_as_the_tokens_are()
    {
        await using var fake = await FakeGrpc.StartAsync(async (http, _) =>
        {
            var answer = Whole("Hi");
            answer.Usage.ServerSideToolsUsed.AddRange([ServerSideTool.WebSearch, ServerSideTool.WebSearch]);
            await FakeGrpc.SendAsync(http, answer);
            End(http);
        });
        await using var near = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "far": { "dialect": "xai-grpc", "baseUrl": "{{fake.Url}}", "apiKey": "k", "models": ["alpha"], {{TestServer.OneTry}} } },
              "models": { "priced": { "attempts": [ { "upstream": "far", "model": "alpha" } ], "price": { "input": "1", "output": "1", "perCall": "0.01" }, "context": 100000 } } }
            """, governance: true);
        using var client = new GrpcClient(near);
        var request = GrpcClient.Ask("priced");
        request.MaxTokens = 10;
        request.Tools.Add(new Tool { WebSearch = new WebSearch() });

        var answer = await client.CompleteAsync(request);

        Assert.True(answer.Code == StatusCode.OK, answer.Detail);
        Assert.Equal("200040000", answer.Meta("x-milliways-cost-ticks")); // 2 calls at 0.01 $, 4 tokens at 1 $ a million
    }

    public static TheoryData<string, Func<HttpContext, Task>> Broken => new()
    {
        { "no status", http => FakeGrpc.SendAsync(http, Whole("Hi")) },
        { "a status behind a whole message", async http => { await FakeGrpc.SendAsync(http, Whole("Hi")); End(http, "13"); } },
        { "cut in the message", async http => { await FakeGrpc.SendAsync(http, Http2Client.Message([1, 2, 3])[..^1]); End(http); } },
        { "compressed", async http => { await FakeGrpc.SendAsync(http, Http2Client.Message([1, 2, 3], flag: 1)); End(http); } },
        { "no protobuf", async http => { await FakeGrpc.SendAsync(http, Http2Client.Message([0xFF, 0xFF])); End(http); } },
        { "nothing", http => { End(http); return Task.CompletedTask; } },
        { "larger than any memory by its head", async http => { await FakeGrpc.SendAsync(http, Http2Client.Message([], length: -1)); End(http); } },
        { "reset", async http => { await FakeGrpc.SendAsync(http, [0]); http.Abort(); } },
        { "JSON", async http => { http.Response.ContentType = "application/json"; await http.Response.WriteAsync("{}"); } },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task What_is_no_answer_is_none_whole_or_streamed(string what, Func<HttpContext, Task> answer)
    {
        await using var fake = await FakeGrpc.StartAsync((http, _) => answer(http));
        await using var near = await InFrontAsync(fake.Url);

        var whole = await near.PostAsync(Chat, Answers.Ask());
        Assert.True(whole.Status is >= 500 and < 600, $"{what}: {whole.Status} {whole.Text}");
        var streamed = await near.PostAsync(Chat, Answers.Ask(stream: true));
        Assert.True(streamed.Status >= 500 || streamed.Text.Contains("\"error\"", StringComparison.Ordinal), $"{what}: {streamed.Status} {streamed.Text}");
        Assert.DoesNotContain("[DONE]", streamed.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a status")]
    [InlineData("a reset")]
    [InlineData("an end without a finish reason")]
    public async Task A_stream_that_breaks_after_its_beginning_is_never_a_good_end(string how)
    {
        await using var fake = await FakeGrpc.StartAsync(async (http, _) =>
        {
            await FakeGrpc.SendAsync(http, Chunk("Hel"));
            if (how == "a reset")
                http.Abort();
            else
                End(http, how == "a status" ? "14" : "0");
        });
        await using var near = await InFrontAsync(fake.Url);
        using var client = new GrpcClient(near);

        var stream = await client.StreamAsync(GrpcClient.Ask());

        Assert.Equal(StatusCode.Unavailable, stream.Code);
        string[] told = [.. stream.Messages.Select(chunk => chunk.Outputs[0].Delta.Content)];
        if (how != "a reset" || told.Length > 0) // a reset may overtake what was sent before it
            Assert.Equal(["Hel"], told);
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_the_call_upstream()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var fake = await FakeGrpc.StartAsync(async (http, _) =>
        {
            await FakeGrpc.SendAsync(http, Chunk("Hel"));
            using var gone = http.RequestAborted.Register(left.SetResult);
            await left.Task.Soon();
        });
        await using var near = await InFrontAsync(fake.Url);
        using var client = new GrpcClient(near);

        using (var call = client.Begin<GetCompletionsRequest, GetChatCompletionChunk>("/xai_api.Chat/GetCompletionChunk", GrpcClient.Ask()))
            Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());

        await left.Task.Soon();
    }

    [Fact]
    public async Task What_this_dialect_has_no_words_for_is_refused_or_told()
    {
        await using var fake = await FakeGrpc.StartAsync((http, _) => AnswerAsync(http, "Hi"));
        await using var near = await InFrontAsync(fake.Url);

        var dropped = await near.PostAsync(Chat, Answers.Ask(more: ",\"logit_bias\":{\"1\":2}"));
        var embedded = await near.PostAsync("/v1/embeddings", """{"model":"alpha","input":"x"}""");

        Assert.Equal((200, "logit_bias"), (dropped.Status, dropped.Header("x-milliways-dropped")));
        Assert.Equal(400, embedded.Status);
    }

    private static async Task AnswerAsync(HttpContext http, string text)
    {
        await FakeGrpc.SendAsync(http, Whole(text));
        End(http);
    }

    private static async Task StreamAsync(HttpContext http)
    {
        var last = Chunk("");
        last.Outputs[0].FinishReason = FinishReason.ReasonStop;
        last.Usage = new SamplingUsage { PromptTokens = 3, PromptTextTokens = 3, CompletionTokens = 1, TotalTokens = 4 };
        foreach (var chunk in new[] { Chunk("H"), Chunk("i"), last })
            await FakeGrpc.SendAsync(http, chunk);
        End(http);
    }

    private static GetChatCompletionResponse Whole(string text) => new()
    {
        Id = "up", Model = "alpha",
        Outputs = { new CompletionOutput { Message = new CompletionMessage { Role = MessageRole.RoleAssistant, Content = text }, FinishReason = FinishReason.ReasonStop } },
        Usage = new SamplingUsage { PromptTokens = 3, PromptTextTokens = 3, CompletionTokens = 1, TotalTokens = 4 },
    };

    private static GetChatCompletionChunk Chunk(string text) => new()
    {
        Id = "up", Model = "alpha", Outputs = { new CompletionOutputChunk { Delta = new Delta { Role = MessageRole.RoleAssistant, Content = text } } },
    };

    private static void End(HttpContext http, string status = "0") => http.Response.AppendTrailer("grpc-status", status);

    private static Task<TestServer> InFrontAsync(string url, string key = "k", string more = "," + TestServer.OneTry) => TestServer.StartAsync(
        $$"""{ "upstreams": { "far": { "dialect": "xai-grpc", "baseUrl": "{{url}}", "apiKey": "{{key}}", "models": ["alpha"] {{more}} } } }""");
}
