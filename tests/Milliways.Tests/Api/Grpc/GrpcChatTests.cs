using System.Globalization;
using Grpc.Core;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>Chat over gRPC through the one walk (xai-api 3.2, 3.3).</summary>
public class GrpcChatTests
{
    [Fact]
    public async Task A_whole_answer_of_a_REST_upstream_is_one_message_with_id_usage_and_metadata()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var answer = await client.CompleteAsync(GrpcClient.Ask());

        Assert.Equal(StatusCode.OK, answer.Code);
        var output = Assert.Single(answer.Message.Outputs);
        Assert.Equal(("Hi", MessageRole.RoleAssistant, FinishReason.ReasonStop, 0), (output.Message.Content, output.Message.Role, output.FinishReason, output.Index));
        Assert.Equal((3, 1, 4, "alpha-7"), (answer.Message.Usage.PromptTokens, answer.Message.Usage.CompletionTokens, answer.Message.Usage.TotalTokens, answer.Message.Model));
        Assert.Equal(("lab/alpha", "1"), (answer.Head.GetValue("x-milliways-upstream"), answer.Head.GetValue("x-milliways-attempts")));
        Assert.Equal(answer.Message.Id.Replace("-", "", StringComparison.Ordinal), answer.Head.GetValue("x-request-id")!["req_".Length..]);
        Assert.Contains("\"content\":\"Hello\"", lab.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_comes_piece_by_piece_each_with_role_id_and_model_and_the_last_with_reason_and_usage()
    {
        var second = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hel"));
            await second.WaitAsync();
            foreach (var chunk in new[] { Answers.Chunk("lo"), Answers.Finish, Answers.Usage, Answers.Done })
                await turn.SendAsync(chunk);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        using var call = client.Begin<GetCompletionsRequest, GetChatCompletionChunk>("/xai_api.Chat/GetCompletionChunk", GrpcClient.Ask());
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
        Assert.Equal("Hel", call.ResponseStream.Current.Outputs[0].Delta.Content); // before the upstream says more
        var chunks = new List<GetChatCompletionChunk> { call.ResponseStream.Current };
        second.Open();
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon())
            chunks.Add(call.ResponseStream.Current);

        Assert.Equal("Hello", string.Concat(chunks.SelectMany(chunk => chunk.Outputs).Select(output => output.Delta.Content)));
        Assert.All(chunks, chunk => Assert.Equal((chunks[0].Id, "alpha-7"), (chunk.Id, chunk.Model)));
        Assert.All(chunks.SelectMany(chunk => chunk.Outputs), output => Assert.Equal(MessageRole.RoleAssistant, output.Delta.Role));
        Assert.Equal((FinishReason.ReasonStop, 4), (chunks[^1].Outputs[0].FinishReason, chunks[^1].Usage.TotalTokens));
        Assert.Equal("alpha", System.Text.Json.JsonDocument.Parse(lab.Last.Text).RootElement.GetProperty("model").GetString());
    }

    [Fact]
    public async Task Any_upstream_serves_it()
    {
        await using var claude = new FakeUpstream(turn => turn.Request.Text.Contains("\"stream\":true", StringComparison.Ordinal) ? turn.StreamAsync(Answers.MessagesStream) : turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.WithClaudeAsync(claude);
        using var client = new GrpcClient(server);

        Assert.Equal("Hi", (await client.CompleteAsync(GrpcClient.Ask("claude-x"))).Message.Outputs[0].Message.Content);
        var chunks = await client.StreamAsync(GrpcClient.Ask("claude-x"));
        Assert.Equal((StatusCode.OK, "Hi"), (chunks.Code, string.Concat(chunks.Messages.SelectMany(chunk => chunk.Outputs).Select(output => output.Delta.Content))));
    }

    [Theory]
    [InlineData("xai-wrong", StatusCode.Unauthenticated, "Incorrect API key")]
    [InlineData("", StatusCode.Unauthenticated, "")]
    public async Task A_wrong_or_missing_key_is_told_before_the_message_is_read(string key, StatusCode code, string text)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var whole = await client.CompleteAsync(GrpcClient.Ask(), ("authorization", key.Length == 0 ? "" : "Bearer " + key));
        var models = await client.CallAsync<Google.Protobuf.WellKnownTypes.Empty, ListLanguageModelsResponse>("/xai_api.Models/ListLanguageModels", new(), [("authorization", key.Length == 0 ? "" : "Bearer " + key)]);

        Assert.Equal((code, code), (whole.Code, models.Code));
        Assert.Contains(text, whole.Detail, StringComparison.Ordinal);
        Assert.Equal(("key", "key"), (whole.Meta("x-milliways-refused"), models.Meta("x-milliways-refused")));
        Assert.Empty(lab.Received);
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_is_named_and_no_upstream_is_asked()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var unknown = await client.CompleteAsync(GrpcClient.Ask("no-such-model"));
        var empty = await client.CompleteAsync(new GetCompletionsRequest { Model = "alpha" });
        var hot = GrpcClient.Ask();
        hot.Temperature = 7;
        var wrong = await client.CompleteAsync(hot);

        Assert.Equal((StatusCode.NotFound, StatusCode.InvalidArgument, StatusCode.InvalidArgument), (unknown.Code, empty.Code, wrong.Code));
        Assert.Contains("messages", empty.Detail, StringComparison.Ordinal);
        Assert.Contains("temperature", wrong.Detail, StringComparison.Ordinal);
        Assert.Equal("client, body", wrong.Meta("x-milliways-failed"));
        Assert.Empty(lab.Received);
    }

    [Fact]
    public async Task A_message_in_any_script_comes_whole_through_the_status()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"größer als 100 % — 无效!","type":"x"}}""", 400));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var refused = await client.CompleteAsync(GrpcClient.Ask());

        Assert.Equal(StatusCode.InvalidArgument, refused.Code);
        Assert.Contains("größer als 100 % — 无效!", refused.Detail, StringComparison.Ordinal);
    }

    /// <summary>xai-api 3.2.</summary>
    [Fact]
    public async Task An_image_that_could_not_be_fetched_is_DATA_LOSS()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"The image could not be downloaded.","type":"invalid_request_error","param":null,"code":"invalid_image_url"}}""", 400));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var refused = await client.CompleteAsync(GrpcClient.Ask());

        Assert.Equal((StatusCode.DataLoss, true), (refused.Code, refused.Detail.Contains("could not be downloaded", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("torn")]
    [InlineData("early end")]
    [InlineData("error event")]
    public async Task A_stream_that_breaks_upstream_is_a_status_and_never_OK(string how)
    {
        var heard = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hel"));
            await heard.WaitAsync();
            if (how == "error event")
                await turn.SendAsync("data: {\"error\":{\"message\":\"boom\"}}\n\n");
            if (how != "torn")
                await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        using var call = client.Begin<GetCompletionsRequest, GetChatCompletionChunk>("/xai_api.Chat/GetCompletionChunk", GrpcClient.Ask());
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
        Assert.Equal("Hel", call.ResponseStream.Current.Outputs[0].Delta.Content);
        heard.Open();
        var broken = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon()) { }
        });

        Assert.NotEqual(StatusCode.OK, broken.StatusCode);
        Assert.StartsWith("upstream, ", broken.Trailers.GetValue("x-milliways-failed"), StringComparison.Ordinal);
        Assert.NotEmpty(broken.Status.Detail);
    }

    [Fact]
    public async Task An_upstream_that_refuses_is_tried_again_elsewhere_as_over_REST()
    {
        await using var bad = new FakeUpstream(turn => turn.WholeAsync("{}", 500));
        await using var good = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "bad": {{TestServer.Lab(bad)}}, "good": {{TestServer.Lab(good)}} },
              "models": { "both": { "attempts": [ { "upstream": "bad", "model": "a" }, { "upstream": "good", "model": "b" } ] } } }
            """);
        using var client = new GrpcClient(server);

        var answer = await client.CompleteAsync(GrpcClient.Ask("both"));

        Assert.Equal((StatusCode.OK, "good/b", "2"), (answer.Code, answer.Meta("x-milliways-upstream"), answer.Meta("x-milliways-attempts")));
    }

    [Fact]
    public async Task A_caller_that_cancels_cancels_the_upstream()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hel"));
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        using var leave = new CancellationTokenSource();

        using var call = client.Begin<GetCompletionsRequest, GetChatCompletionChunk>("/xai_api.Chat/GetCompletionChunk", GrpcClient.Ask(), cancel: leave.Token);
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
        var turn = await lab.ArrivalAsync();
        await leave.CancelAsync();

        await turn.ClosedAsync();
    }

    [Fact]
    public async Task The_head_of_a_silent_stream_comes_early_and_what_was_not_known_then_stands_in_the_trailers()
    {
        var clock = new ManualTime();
        var gate = new Gate();
        await using var bad = new FakeUpstream(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync("{}", 500);
        });
        await using var good = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "bad": {{TestServer.Lab(bad)}}, "good": {{TestServer.Lab(good)}} },
              "models": { "both": { "attempts": [ { "upstream": "bad", "model": "a" }, { "upstream": "good", "model": "b" } ] } } }
            """, clock);
        using var client = new GrpcClient(server);

        using var call = client.Begin<GetCompletionsRequest, GetChatCompletionChunk>("/xai_api.Chat/GetCompletionChunk", GrpcClient.Ask("both"));
        await bad.ArrivalAsync();
        var head = call.ResponseHeadersAsync;
        await clock.RunUntilAsync(head, TimeSpan.FromMilliseconds(300));
        Assert.NotNull((await head).GetValue("x-request-id"));
        gate.Open();
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon()) { }

        Assert.Equal(("good/b", "2"), (call.GetTrailers().GetValue("x-milliways-upstream"), call.GetTrailers().GetValue("x-milliways-attempts")));
    }

    [Fact]
    public async Task What_a_silent_upstream_was_not_told_stands_in_the_trailers_and_so_does_the_number_of_tries()
    {
        var clock = new ManualTime();
        var gate = new Gate();
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.MessagesStream));
        lab.Then(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync("{}", 500);
        });
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "claude": { "preset": "anthropic", "baseUrl": "{{lab.Url}}", "apiKey": "k", "retries": 1, "breaker": null } } }""", clock);
        using var client = new GrpcClient(server);
        var request = GrpcClient.Ask("claude/claude-x");
        request.Seed = 7;

        using var call = client.Begin<GetCompletionsRequest, GetChatCompletionChunk>("/xai_api.Chat/GetCompletionChunk", request);
        await lab.ArrivalAsync();
        await clock.RunUntilAsync(call.ResponseHeadersAsync, TimeSpan.FromMilliseconds(300));
        gate.Open();
        await clock.RunUntilAsync(lab.ArrivalAsync());
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon()) { }

        Assert.Equal(("seed", "2"), (call.GetTrailers().GetValue("x-milliways-dropped"), call.GetTrailers().GetValue("x-milliways-attempts")));
    }

    [Fact]
    public async Task Two_hundred_streams_run_on_one_connection_at_a_time()
    {
        var all = new Gate();
        var arrived = 0;
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            if (Interlocked.Increment(ref arrived) == 200)
                all.Open();
            await all.WaitAsync();
            await turn.SendAsync(Answers.Finish + Answers.Usage + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.StreamAsync(GrpcClient.Ask())));

        Assert.All(answers, answer => Assert.Equal((StatusCode.OK, 4), (answer.Code, answer.Messages[^1].Usage.TotalTokens)));
    }

    [Fact]
    public async Task A_message_of_nineteen_MiB_comes_through_and_one_beyond_the_bound_does_not()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var large = await client.CompleteAsync(GrpcClient.Ask(text: new string('a', 19 << 20)));
        var larger = await client.CompleteAsync(GrpcClient.Ask(text: new string('a', 21 << 20)));

        Assert.Equal((StatusCode.OK, StatusCode.ResourceExhausted), (large.Code, larger.Code));
        Assert.True(lab.Last.Body.Length > 19 << 20);
        Assert.Contains((20 << 20).ToString(CultureInfo.InvariantCulture), larger.Detail, StringComparison.Ordinal);
    }
}
