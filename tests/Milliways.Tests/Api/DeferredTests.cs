using System.Text.Json;
using Milliways.Stored;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>Deferred chat completions (xai-api 1.3.7).</summary>
public class DeferredTests
{
    private const string Deferred = ""","deferred":true""";

    [Fact]
    public async Task A_deferred_answer_is_202_until_it_is_there_and_then_readable_once()
    {
        var gate = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab);
        var id = await BeginAsync(server);
        Assert.True(Guid.TryParseExact(id, "D", out _));

        var early = await GetAsync(server, id);
        Assert.Equal((202, ""), (early.Status, early.Text));
        gate.Open();
        var ready = await PollAsync(server, id);
        Assert.Equal((200, Answers.Chat), (ready.Status, ready.Text));
        Assert.Equal(("lab/alpha", "1", "application/json"), (ready.Header("x-milliways-upstream"), ready.Header("x-milliways-attempts"), ready.Header("Content-Type")));
        var again = await GetAsync(server, id);
        Assert.Equal((404, "xai"), (again.Status, PathTests.DialectOf(again.Json)));
        Assert.Contains(id, again.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"alpha","deferred":true,"messages":[{"role":"user","content":"Hello"}]}""")]
    [InlineData("""{"deferred":true, "model":"alpha","messages":[{"role":"user","content":"Hello"}]}""")]
    [InlineData("""{"model":"alpha","messages":[{"role":"user","content":"Hello"}] , "deferred" : true}""")]
    public async Task The_upstream_never_sees_that_it_was_deferred(string body)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await PollAsync(server, RequestId(await server.PostAsync("/v1/chat/completions", body)));
        using var sent = JsonDocument.Parse(lab.Last.Text);
        Assert.Equal(["model", "messages"], sent.RootElement.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task Deferred_false_is_no_deferral_and_goes_on_as_it_is()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var body = Answers.Ask(more: ""","deferred":false""");
        Assert.Equal((200, Answers.Chat), ((await server.PostAsync("/v1/chat/completions", body)) is var answer ? (answer.Status, answer.Text) : default));
        Assert.Equal(body, lab.Last.Text);
    }

    [Theory]
    [InlineData("\"yes\"")]
    [InlineData("1")]
    public async Task Deferred_that_is_no_boolean_is_refused_by_name(string value)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var refused = await server.PostAsync("/v1/chat/completions", Answers.Ask(more: ",\"deferred\":" + value));
        Assert.Equal(422, refused.Status);
        Assert.Contains("deferred", refused.Text, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    [Fact]
    public async Task It_crosses_dialects_as_any_other_request()
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.WithClaudeAsync(claude);
        var ready = await PollAsync(server, RequestId(await server.PostAsync("/v1/chat/completions", Answers.Ask("claude-x", more: Deferred))));
        Assert.Equal("Hi", ready.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("""{"model":"nobody","deferred":true,"messages":[]}""", 404)]
    [InlineData("""{"model":"alpha","deferred":true}""", 422)]
    [InlineData("""{"model":"alpha","deferred":true,"stream":true,"messages":[{"role":"user","content":"x"}]}""", 400)]
    public async Task What_can_be_refused_at_once_is(string body, int status)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        Assert.Equal(status, (await server.PostAsync("/v1/chat/completions", body)).Status);
        Assert.Empty(lab.Received);
    }

    [Fact]
    public async Task A_failure_of_the_upstream_is_what_the_reader_gets()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"too hot"}}""", status: 400));
        await using var server = await TestServer.WithLabAsync(lab);
        var answer = await PollAsync(server, await BeginAsync(server));
        Assert.Equal((400, "xai"), (answer.Status, PathTests.DialectOf(answer.Json)));
        Assert.Contains("too hot", answer.Text, StringComparison.Ordinal);
        Assert.StartsWith("client", answer.Header("x-milliways-failed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_readers_at_once_exactly_one_gets_the_answer()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        for (var round = 0; round < 5; round++)
        {
            var id = await BeginAsync(server);
            while ((await server.SendAsync("HEAD", $"/v1/chat/deferred-completion/{id}", null)).Status == 202) { }
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => GetAsync(server, id)));
            Assert.Single(answers, answer => answer.Status == 200);
            Assert.Equal(15, answers.Count(answer => answer.Status == 404));
        }
    }

    [Fact]
    public async Task Another_teams_id_looks_unknown()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var id = await BeginAsync(server);
        Assert.Equal(404, (await GetAsync(server, id, ("Authorization", "Bearer " + server.OtherTeamsKey()))).Status);
        Assert.Equal(200, (await PollAsync(server, id)).Status);
    }

    [Fact]
    public async Task An_answer_is_readable_for_24_hours_and_not_longer()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab, clock);
        var (early, late) = (await BeginAsync(server), await BeginAsync(server));
        foreach (var id in new[] { early, late })
            while ((await server.SendAsync("HEAD", $"/v1/chat/deferred-completion/{id}", null)).Status == 202) { }
        clock.Jump(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await GetAsync(server, early)).Status);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(404, (await GetAsync(server, late)).Status);
    }

    [Fact]
    public async Task A_finished_answer_survives_a_restart()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var id = await BeginAsync(server);
        while ((await server.SendAsync("HEAD", $"/v1/chat/deferred-completion/{id}", null)).Status == 202) { }
        await server.RestartAsync();
        var answer = await GetAsync(server, id);
        Assert.Equal((200, Answers.Chat, "lab/alpha"), (answer.Status, answer.Text, answer.Header("x-milliways-upstream")));
        Assert.Equal(404, (await GetAsync(server, id)).Status);
    }

    [Fact]
    public async Task One_that_runs_when_the_server_stops_says_so_afterwards()
    {
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab);
        var id = await BeginAsync(server);
        await lab.ArrivalAsync();
        await server.RestartAsync();
        var answer = await GetAsync(server, id);
        Assert.Equal((503, "xai"), (answer.Status, PathTests.DialectOf(answer.Json)));
        Assert.Contains("shutting down", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_a_killed_process_left_says_that_it_was_interrupted()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        // What a kill leaves behind: a place that was taken, and nobody who fills it.
        await server.Service<AnswerStore>().AcceptAsync(new StoredAnswer(StoredKind.Deferred, server.Account, "left")
        {
            IsWaiting = true, Status = 503, Body = [], Interrupted = """{"code":"c","error":"interrupted"}"""u8.ToArray(),
        });
        Assert.Equal(202, (await GetAsync(server, "left")).Status);
        await server.RestartAsync();
        var answer = await GetAsync(server, "left");
        Assert.Equal((503, "interrupted"), (answer.Status, answer.Json.GetProperty("error").GetString()));
        Assert.Equal(404, (await GetAsync(server, "left")).Status);
    }

    [Fact]
    public async Task A_team_may_have_a_thousand_waiting_and_another_team_is_not_kept_from_its_own()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var store = server.Service<AnswerStore>();
        await Task.WhenAll(Enumerable.Range(0, AnswerStore.MostWaiting).Select(i => store.AcceptAsync(
            new StoredAnswer(StoredKind.Deferred, server.Account, $"w{i}") { IsWaiting = true, Body = [], Interrupted = [] })));
        var refused = await server.PostAsync("/v1/chat/completions", Answers.Ask(more: Deferred));
        Assert.Equal((429, "limit"), (refused.Status, refused.Header("x-milliways-refused")));
        Assert.NotNull(refused.Header("Retry-After"));
        Assert.Empty(lab.Received);
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask(more: Deferred), ("Authorization", "Bearer " + server.OtherTeamsKey()))).Status);
    }

    [Fact]
    public async Task A_caller_that_leaves_after_it_was_answered_changes_nothing()
    {
        var gate = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab);
        string id;
        await using (var caller = await RawClient.ConnectAsync(server))
        {
            await caller.PostAsync("/v1/chat/completions", Answers.Ask(more: Deferred));
            await caller.HeadAsync();
            id = JsonDocument.Parse(await caller.RestTextAsync()).RootElement.GetProperty("request_id").GetString()!;
            caller.Leave();
        }
        gate.Open();
        Assert.Equal(200, (await PollAsync(server, id)).Status);
    }

    private static async Task<string> BeginAsync(TestServer server) => RequestId(await server.PostAsync("/v1/chat/completions", Answers.Ask(more: Deferred)));

    private static string RequestId(Answer answer)
    {
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json.GetProperty("request_id").GetString()!;
    }

    private static Task<Answer> GetAsync(TestServer server, string id, params (string, string)[] headers) => server.GetAsync($"/v1/chat/deferred-completion/{id}", headers);

    private static async Task<Answer> PollAsync(TestServer server, string id)
    {
        Answer answer;
        while ((answer = await GetAsync(server, id)).Status == 202) { }
        return answer;
    }
}
