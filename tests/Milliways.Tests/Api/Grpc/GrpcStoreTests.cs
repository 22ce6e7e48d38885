using System.Text.Json;
using Grpc.Core;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>What is read later, over either API: deferred completions and stored ones (xai-api 1.3.7, 3.3, 3.4.1).</summary>
public class GrpcStoreTests
{
    private const string Start = "/xai_api.Chat/StartDeferredCompletion", Get = "/xai_api.Chat/GetDeferredCompletion", Stored = "/xai_api.Chat/GetStoredCompletion", Delete = "/xai_api.Chat/DeleteStoredCompletion";

    [Fact]
    public async Task A_deferred_answer_is_pending_until_it_is_there_and_then_readable_once()
    {
        var gate = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var id = (await client.CallAsync<GetCompletionsRequest, StartDeferredResponse>(Start, GrpcClient.Ask())).Message.RequestId;
        Assert.True(Guid.TryParseExact(id, "D", out _));

        Assert.Equal(DeferredStatus.Pending, (await GetAsync(client, id)).Message.Status);
        gate.Open();
        var done = await PollAsync(client, id);

        Assert.Equal((DeferredStatus.Done, "Hi", "alpha-7", 4), (done.Message.Status, done.Message.Response.Outputs[0].Message.Content, done.Message.Response.Model, done.Message.Response.Usage.TotalTokens));
        var again = await GetAsync(client, id);
        Assert.Equal(StatusCode.NotFound, again.Code);
        Assert.Contains(id, again.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.NotFound, (await GetAsync(new GrpcClient(server, server.OtherTeamsKey()), id)).Code);
    }

    [Fact]
    public async Task The_deadline_of_the_call_that_defers_an_answer_is_not_the_answers()
    {
        var clock = new ManualTime();
        var gate = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab, clock);
        using var client = new GrpcClient(server);
        var id = (await client.CallAsync<GetCompletionsRequest, StartDeferredResponse>(Start, GrpcClient.Ask(), [("grpc-timeout", "5S")])).Message.RequestId;
        await lab.ArrivalAsync();

        clock.Advance(TimeSpan.FromSeconds(20));
        gate.Open();

        Assert.Equal(DeferredStatus.Done, (await PollAsync(client, id)).Message.Status);
    }

    [Fact]
    public async Task A_deferred_answer_that_a_broken_upstream_cost_is_told_in_a_status_that_no_client_tries_again()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("{}", status: 503));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var id = (await client.CallAsync<GetCompletionsRequest, StartDeferredResponse>(Start, GrpcClient.Ask())).Message.RequestId;

        Assert.Equal(StatusCode.Internal, (await PollAsync(client, id)).Code);
    }

    [Fact]
    public async Task What_one_API_deferred_the_other_can_fetch()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var overRest = (await server.PostAsync("/v1/chat/completions", Answers.Ask(more: ",\"deferred\":true"))).Json.GetProperty("request_id").GetString()!;
        Assert.Equal("Hi", (await PollAsync(client, overRest)).Message.Response.Outputs[0].Message.Content);
        var overGrpc = (await client.CallAsync<GetCompletionsRequest, StartDeferredResponse>(Start, GrpcClient.Ask())).Message.RequestId;
        Answer answer;
        while ((answer = await server.GetAsync("/v1/chat/deferred-completion/" + overGrpc)).Status == 202) { }
        Assert.Equal((200, "Hi"), (answer.Status, answer.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()));
    }

    [Fact]
    public async Task Why_a_deferred_answer_failed_is_its_readers_status_and_what_can_be_refused_at_once_is()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"too hot"}}""", status: 400));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var id = (await client.CallAsync<GetCompletionsRequest, StartDeferredResponse>(Start, GrpcClient.Ask())).Message.RequestId;

        var failed = await PollAsync(client, id);

        Assert.Equal(StatusCode.InvalidArgument, failed.Code);
        Assert.Contains("too hot", failed.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.NotFound, (await client.CallAsync<GetCompletionsRequest, StartDeferredResponse>(Start, GrpcClient.Ask("nobody"))).Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stored_answer_is_read_continued_and_deleted(bool streams)
    {
        await using var lab = new FakeUpstream(turn => turn.Request.Text.Contains("\"stream\":true", StringComparison.Ordinal) ? turn.StreamAsync(Answers.ChatStream) : turn.WholeAsync(Answers.Chat));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var first = GrpcClient.Ask();
        first.StoreMessages = true;
        first.Messages.Insert(0, new Message { Role = MessageRole.RoleSystem, Content = { new Content { Text = "Be brief." } } });
        var id = streams ? (await client.StreamAsync(first)).Messages[0].Id : (await client.CompleteAsync(first)).Message.Id;

        var read = await client.CallAsync<GetStoredCompletionRequest, GetChatCompletionResponse>(Stored, new() { ResponseId = id });
        Assert.Equal((id, "Hi", FinishReason.ReasonStop, 4), (read.Message.Id, read.Message.Outputs[0].Message.Content, read.Message.Outputs[0].FinishReason, read.Message.Usage.TotalTokens));
        var rest = await server.GetAsync("/v1/responses/" + id);
        Assert.Equal((200, id), (rest.Status, rest.Json.GetProperty("id").GetString()));

        var second = GrpcClient.Ask(text: "And then?");
        second.PreviousResponseId = id;
        Assert.Equal(StatusCode.OK, (await client.CompleteAsync(second)).Code);
        using (var sent = JsonDocument.Parse(lab.Last.Text))
            Assert.Equal(["system:Be brief.", "user:Hello", "assistant:Hi", "user:And then?"],
                sent.RootElement.GetProperty("messages").EnumerateArray().Select(message => $"{message.GetProperty("role").GetString()}:{message.GetProperty("content").GetString()}"));
        Assert.Equal(200, (await server.PostAsync("/v1/responses", $$"""{"model":"alpha","input":"Over REST","previous_response_id":"{{id}}"}""")).Status);
        Assert.Contains("Hello", lab.Last.Text, StringComparison.Ordinal);

        using (var stranger = new GrpcClient(server, server.OtherTeamsKey()))
            Assert.Equal(StatusCode.NotFound, (await stranger.CallAsync<DeleteStoredCompletionRequest, DeleteStoredCompletionResponse>(Delete, new() { ResponseId = id })).Code);
        Assert.Equal(id, (await client.CallAsync<DeleteStoredCompletionRequest, DeleteStoredCompletionResponse>(Delete, new() { ResponseId = id })).Message.ResponseId);
        Assert.Equal(StatusCode.NotFound, (await client.CallAsync<GetStoredCompletionRequest, GetChatCompletionResponse>(Stored, new() { ResponseId = id })).Code);
        Assert.Equal(StatusCode.NotFound, (await client.CompleteAsync(second)).Code);
    }

    [Fact]
    public async Task A_response_of_the_REST_API_is_read_and_continued_over_gRPC()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var id = (await server.PostAsync("/v1/responses", """{"model":"alpha","input":"Hello"}""")).Json.GetProperty("id").GetString()!;

        Assert.Equal("Hi", (await client.CallAsync<GetStoredCompletionRequest, GetChatCompletionResponse>(Stored, new() { ResponseId = id })).Message.Outputs[0].Message.Content);
        var next = GrpcClient.Ask(text: "And then?");
        next.PreviousResponseId = id;
        Assert.Equal(StatusCode.OK, (await client.CompleteAsync(next)).Code);
        Assert.Contains("Hello", lab.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_kept_unasked()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var id = (await client.CompleteAsync(GrpcClient.Ask())).Message.Id;
        Assert.Equal(StatusCode.NotFound, (await client.CallAsync<GetStoredCompletionRequest, GetChatCompletionResponse>(Stored, new() { ResponseId = id })).Code);
    }

    private static Task<GrpcResult<GetDeferredCompletionResponse>> GetAsync(GrpcClient client, string id) =>
        client.CallAsync<GetDeferredRequest, GetDeferredCompletionResponse>(Get, new() { RequestId = id });

    private static async Task<GrpcResult<GetDeferredCompletionResponse>> PollAsync(GrpcClient client, string id)
    {
        GrpcResult<GetDeferredCompletionResponse> result;
        do
        {
            result = await GetAsync(client, id);
        }
        while (result.Code == StatusCode.OK && result.Message.Status == DeferredStatus.Pending);
        return result;
    }
}
