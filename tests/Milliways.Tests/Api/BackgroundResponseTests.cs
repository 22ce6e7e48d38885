using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>Responses that are made while nobody waits (dialects 3.1, 3.2).</summary>
public class BackgroundResponseTests
{
    private const string Background = """{"model":"alpha","input":"Hello","background":true,"metadata":{"a":"b"},"temperature":0.5}""";

    [Fact]
    public async Task It_is_queued_in_progress_and_completed_under_one_id()
    {
        var gate = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab);
        var queued = await server.PostAsync("/v1/responses", Background);
        Assert.Equal((200, "queued", true, 0), (queued.Status, Status(queued), queued.Json.GetProperty("background").GetBoolean(), queued.Json.GetProperty("output").GetArrayLength()));
        Assert.Equal(("b", 0.5), (queued.Json.GetProperty("metadata").GetProperty("a").GetString(), queued.Json.GetProperty("temperature").GetDouble()));
        var id = StoredResponseTests.IdOf(queued);
        Assert.Equal("in_progress", Status(await server.GetAsync($"/v1/responses/{id}")));
        var early = await server.PostAsync("/v1/responses", $$"""{"model":"alpha","input":"x","previous_response_id":"{{id}}"}""");
        Assert.Equal(400, early.Status);
        gate.Open();
        var done = await PollAsync(server, id);
        Assert.Equal(("completed", id, true), (Status(done), done.Json.GetProperty("id").GetString(), done.Json.GetProperty("background").GetBoolean()));
        Assert.Equal("Hi", done.Json.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(200, (await server.PostAsync("/v1/responses", $$"""{"model":"alpha","input":"x","previous_response_id":"{{id}}"}""")).Status);
    }

    [Fact]
    public async Task Cancelling_ends_it_and_its_upstream_and_can_be_done_twice()
    {
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab);
        var id = StoredResponseTests.IdOf(await server.PostAsync("/v1/responses", Background));
        var turn = await lab.ArrivalAsync();
        for (var i = 0; i < 2; i++)
        {
            var cancelled = await server.SendAsync("POST", $"/v1/responses/{id}/cancel", null);
            Assert.Equal((200, "cancelled"), (cancelled.Status, Status(cancelled)));
        }
        await turn.ClosedAsync();
        Assert.Equal("cancelled", Status(await server.GetAsync($"/v1/responses/{id}")));
    }

    [Fact]
    public async Task One_that_is_done_stays_done_and_one_that_was_waited_for_cannot_be_cancelled()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var id = StoredResponseTests.IdOf(await server.PostAsync("/v1/responses", Background));
        await PollAsync(server, id);
        Assert.Equal("completed", Status(await server.SendAsync("POST", $"/v1/responses/{id}/cancel", null)));
        var waited = StoredResponseTests.IdOf(await StoredResponseTests.AskAsync(server, "Hello"));
        Assert.Equal(400, (await server.SendAsync("POST", $"/v1/responses/{waited}/cancel", null)).Status);
    }

    [Theory]
    [InlineData(400, "invalid_prompt")]
    [InlineData(429, "rate_limit_exceeded")]
    [InlineData(500, "server_error")]
    public async Task A_failure_is_told_in_the_object(int status, string code)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"too hot"}}""", status: status));
        await using var server = await TestServer.WithLabAsync(lab);
        var failed = await PollAsync(server, StoredResponseTests.IdOf(await server.PostAsync("/v1/responses", Background)));
        Assert.Equal((200, "failed"), (failed.Status, Status(failed)));
        Assert.Equal(code, failed.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("too hot", failed.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_runs_when_the_server_stops_is_failed_and_says_why()
    {
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab);
        var id = StoredResponseTests.IdOf(await server.PostAsync("/v1/responses", Background));
        await lab.ArrivalAsync();
        await server.RestartAsync();
        var failed = await server.GetAsync($"/v1/responses/{id}");
        Assert.Equal("failed", Status(failed));
        Assert.Contains("shutting down", failed.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""","stream":true""", "stream")]
    [InlineData(""","store":false""", "store")]
    public async Task What_cannot_be_is_refused(string more, string names)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var refused = await server.PostAsync("/v1/responses", Background[..^1] + more + "}");
        Assert.Equal(400, refused.Status);
        Assert.Contains(names, refused.Text, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    [Fact]
    public async Task A_deleted_one_is_ended_and_does_not_come_back()
    {
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab);
        var id = StoredResponseTests.IdOf(await server.PostAsync("/v1/responses", Background));
        var turn = await lab.ArrivalAsync();
        Assert.Equal(200, (await server.SendAsync("DELETE", $"/v1/responses/{id}", null)).Status);
        await turn.ClosedAsync();
        Assert.Equal(404, (await server.GetAsync($"/v1/responses/{id}")).Status);
    }

    private static string? Status(Answer answer) => answer.Json.GetProperty("status").GetString();

    private static async Task<Answer> PollAsync(TestServer server, string id)
    {
        Answer answer;
        while (Status(answer = await server.GetAsync($"/v1/responses/{id}")) is "queued" or "in_progress") { }
        return answer;
    }
}
