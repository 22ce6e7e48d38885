using Grpc.Core;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary><c>grpc.maxMessageBytes</c> of answers; that of requests is GrpcWireTests'.</summary>
public class GrpcSizeTests
{
    private const int Most = 4096;

    [Theory]
    [InlineData(Most - 400, StatusCode.OK)]
    [InlineData(Most, StatusCode.ResourceExhausted)]
    public async Task A_whole_answer_is_one_message_within_the_bound(int length, StatusCode code)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat.Replace("\"Hi\"", $"\"{new string('x', length)}\"", StringComparison.Ordinal)));
        await using var server = await StartAsync(lab);
        using var client = new GrpcClient(server);

        Expect(code, await client.CompleteAsync(GrpcClient.Ask()));
    }

    /// <summary>It would be as large the next time, and at any other upstream; the model was at work.</summary>
    [Fact]
    public async Task A_whole_answer_that_is_too_large_is_asked_for_once_is_paid_and_says_nothing_of_its_upstream()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat.Replace("\"Hi\"", $"\"{new string('x', Most)}\"", StringComparison.Ordinal)));
        await using var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", "apiKey": "k", "models": ["alpha"], "retries": 2, "breaker": { "failures": 2 } } },
              "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "1", "output": "1" } } }, "grpc": { "maxMessageBytes": "4KiB" } }
            """, governance: true);
        using var client = new GrpcClient(server);

        for (var i = 0; i < 5; i++)
        {
            var refused = await client.CompleteAsync(GrpcClient.Ask("priced"));
            Expect(StatusCode.ResourceExhausted, refused);
            Assert.Equal(("40000", "client, answer"), (refused.Trailers.GetValue("x-milliways-cost-ticks"), refused.Meta("x-milliways-failed")));
        }
        Assert.Equal(5, lab.Received.Count);
        lab.Standing = turn => turn.WholeAsync(Answers.Chat);
        Expect(StatusCode.OK, await client.CompleteAsync(GrpcClient.Ask("priced")));
    }

    [Theory]
    [InlineData(Most - 400, StatusCode.OK)]
    [InlineData(Most, StatusCode.ResourceExhausted)]
    public async Task Every_piece_of_a_stream_is_a_message_within_the_bound(int length, StatusCode code)
    {
        // What comes after the first piece comes when the caller has that: an end that overtakes it would be another case.
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hello"));
            await begun.Task.Soon();
            await turn.SendAsync(Answers.Chunk(new string('x', length)) + Answers.Chunk(new string('x', Most / 2)) + Answers.Finish + Answers.Usage + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await StartAsync(lab);
        using var client = new GrpcClient(server);

        var stream = await client.CallAsync<GetCompletionsRequest, GetChatCompletionChunk>("/xai_api.Chat/GetCompletionChunk", GrpcClient.Ask(), streams: true, came: () => begun.TrySetResult());

        Expect(code, stream);
        Assert.Equal("Hello", stream.Messages[0].Outputs[0].Delta.Content);
        Assert.All(stream.Messages, chunk => Assert.InRange(chunk.CalculateSize(), 1, Most));
    }

    /// <summary>A call goes out whole, at the end: what would not go out then is not gathered until then.</summary>
    [Fact]
    public async Task A_call_whose_arguments_have_no_place_in_a_message_ends_the_stream_when_they_have_come()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Delta("""{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}"""));
            for (var sent = 0; sent <= Most; sent += 512)
                await turn.SendAsync(Delta($$$"""{"tool_calls":[{"index":0,"function":{"arguments":"{{{new string('1', 512)}}}"}}]}"""));
            await turn.ClosedAsync(); // never says that it is done
        });
        await using var server = await StartAsync(lab);
        using var client = new GrpcClient(server);

        Expect(StatusCode.ResourceExhausted, await client.StreamAsync(GrpcClient.Ask()));
    }

    [Fact]
    public async Task A_stored_answer_that_has_no_place_in_a_message_is_told()
    {
        await using var lab = new FakeUpstream();
        await using var server = await StartAsync(lab);
        using var client = new GrpcClient(server);
        lab.Standing = turn => turn.WholeAsync(Answers.Chat.Replace("\"Hi\"", $"\"{new string('x', Most)}\"", StringComparison.Ordinal));
        var kept = await server.PostAsync("/v1/responses", """{"model":"alpha","input":"Hello"}""");
        var id = kept.Json.GetProperty("id").GetString()!;

        var read = await client.CallAsync<GetStoredCompletionRequest, GetChatCompletionResponse>("/xai_api.Chat/GetStoredCompletion", new GetStoredCompletionRequest { ResponseId = id });

        Expect(StatusCode.ResourceExhausted, read);
    }

    private static void Expect<T>(StatusCode code, GrpcResult<T> answer)
    {
        Assert.Equal(code, answer.Code);
        if (code != StatusCode.OK)
            Assert.Contains("grpc.maxMessageBytes", answer.Detail, StringComparison.Ordinal);
    }

    private static string Delta(string delta) =>
        $$$"""data: {"id":"up-1","object":"chat.completion.chunk","created":1734999999,"model":"alpha-7","choices":[{"index":0,"delta":{{{delta}}},"finish_reason":null}]}""" + "\n\n";

    private static Task<TestServer> StartAsync(FakeUpstream lab) => TestServer.StartAsync($$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} }, "grpc": { "maxMessageBytes": "4KiB" } }""");
}
