using System.Text.Json;
using Milliways.Stored;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>Responses that are kept, continued, deleted and listed (dialects 3.1, 3.7; xai-api 1.6).</summary>
public class StoredResponseTests
{
    [Fact]
    public async Task A_response_is_kept_read_deleted_and_gone()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var made = await AskAsync(server, "Hello");
        var id = IdOf(made);
        for (var i = 0; i < 2; i++)
        {
            var read = await server.GetAsync($"/v1/responses/{id}");
            Assert.Equal((200, made.Text), (read.Status, read.Text));
        }
        var deleted = await server.SendAsync("DELETE", $"/v1/responses/{id}", null);
        Assert.Equal((200, id, "response", true), (deleted.Status, deleted.Json.GetProperty("id").GetString(), deleted.Json.GetProperty("object").GetString(), deleted.Json.GetProperty("deleted").GetBoolean()));
        foreach (var (method, path) in new[] { ("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items") })
        {
            var gone = await server.SendAsync(method, $"/v1/responses/{id}{path}", null);
            Assert.Equal((404, "xai"), (gone.Status, PathTests.DialectOf(gone.Json)));
            Assert.Contains(id, gone.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Store_false_is_not_kept_and_says_so()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var made = await AskAsync(server, "Hello", ""","store":false""");
        Assert.False(made.Json.GetProperty("store").GetBoolean());
        Assert.Equal(404, (await server.GetAsync($"/v1/responses/{IdOf(made)}")).Status);
    }

    [Fact]
    public async Task The_end_of_a_stream_is_seen_by_the_caller_when_the_response_can_be_read()
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/responses", """{"model":"alpha","input":"Hello","stream":true}""");
        await client.HeadAsync();
        JsonElement? completed = null;
        while (completed is null && await client.EventAsync() is { } frame)
            if (frame.StartsWith("event: response.completed", StringComparison.Ordinal))
                completed = JsonDocument.Parse(frame[(frame.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement.GetProperty("response");
        var read = await server.GetAsync($"/v1/responses/{completed!.Value.GetProperty("id").GetString()}");
        Assert.Equal((200, completed.Value.GetRawText()), (read.Status, read.Text));
    }

    [Fact]
    public async Task A_broken_stream_is_not_kept()
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("Hi")));
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/responses", """{"model":"alpha","input":"Hello","stream":true}""");
        await client.HeadAsync();
        var created = (await client.EventAsync())!;
        await client.RestAsync();
        var id = JsonDocument.Parse(created[(created.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement.GetProperty("response").GetProperty("id").GetString();
        Assert.Equal(404, (await server.GetAsync($"/v1/responses/{id}")).Status);
    }

    [Fact]
    public async Task A_conversation_goes_on_with_its_items_and_without_its_instructions()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var first = IdOf(await AskAsync(server, "One", ""","instructions":"Be brief." """));
        var second = IdOf(await AskAsync(server, "Two", $$""","previous_response_id":"{{first}}" """));
        var third = await AskAsync(server, "Three", $$""","previous_response_id":"{{second}}" """);
        Assert.Equal(second, third.Json.GetProperty("previous_response_id").GetString());
        Assert.Equal(["user:One", "assistant:Hi", "user:Two", "assistant:Hi", "user:Three"], Messages(lab.Last));
    }

    [Fact]
    public async Task A_conversation_survives_a_restart_and_goes_on_at_an_upstream_of_another_dialect()
    {
        await using var lab = new FakeUpstream();
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "claude": {{TestServer.Claude(claude)}}, "lab": {{TestServer.Lab(lab)}} } }""");
        var first = IdOf(await AskAsync(server, "One"));
        await server.RestartAsync();
        Assert.Equal(200, (await server.GetAsync($"/v1/responses/{first}")).Status);
        await AskAsync(server, "Two", $$""","previous_response_id":"{{first}}" """, "claude-x");
        Assert.Equal(["user:One", "assistant:Hi", "user:Two"], Messages(claude.Last));
    }

    [Fact]
    public async Task A_function_call_is_continued_by_its_output()
    {
        const string Call = """{"id":"c","object":"chat.completion","created":1,"model":"alpha-7","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""";
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        lab.Then(turn => turn.WholeAsync(Call));
        var first = await AskAsync(server, "One", ""","tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]""");
        var answer = await server.PostAsync("/v1/responses", $$"""{"model":"alpha","previous_response_id":"{{IdOf(first)}}","input":[{"type":"function_call_output","call_id":"call_1","output":"21"}]}""");
        Assert.Equal(200, answer.Status);
        using var sent = JsonDocument.Parse(lab.Last.Text);
        var messages = sent.RootElement.GetProperty("messages");
        Assert.Equal(("assistant", "tool", "call_1"), (messages[1].GetProperty("role").GetString(), messages[2].GetProperty("role").GetString(), messages[2].GetProperty("tool_call_id").GetString()));
    }

    [Theory]
    [InlineData("resp_nobody", false)]
    [InlineData("other", false)]
    [InlineData("deleted", false)]
    [InlineData("resp_nobody", true)]
    public async Task A_previous_response_that_is_unknown_deleted_or_anothers_is_a_400_that_names_it(string which, bool openai)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var id = which;
        if (which == "other")
            id = IdOf(await server.PostAsync("/v1/responses", """{"model":"alpha","input":"Hello"}""", ("Authorization", "Bearer " + server.OtherTeamsKey())));
        if (which == "deleted")
            await server.SendAsync("DELETE", $"/v1/responses/{id = IdOf(await AskAsync(server, "Hello"))}", null);
        var (path, asked) = (openai ? server.Gateway + "/openai/responses" : "/v1/responses", lab.Received.Count);
        var answer = await server.PostAsync(path, $$"""{"model":"alpha","input":"Hello","previous_response_id":"{{id}}"}""");
        Assert.Equal((400, openai ? "openai" : "xai"), (answer.Status, PathTests.DialectOf(answer.Json)));
        Assert.Contains(id, answer.Text, StringComparison.Ordinal);
        if (openai)
            Assert.Equal(("previous_response_id", "previous_response_not_found"), (answer.Json.GetProperty("error").GetProperty("param").GetString(), answer.Json.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(asked, lab.Received.Count);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/cancel")]
    [InlineData("GET", "/input_items")]
    public async Task Another_teams_response_looks_unknown(string method, string path)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var id = IdOf(await AskAsync(server, "Hello"));
        var other = await server.SendAsync(method, $"/v1/responses/{id}{path}", null, ("Authorization", "Bearer " + server.OtherTeamsKey()));
        var nobodys = await server.SendAsync(method, $"/v1/responses/nobodys{path}", null);
        Assert.Equal((404, nobodys.Text.Replace("nobodys", id, StringComparison.Ordinal)), (other.Status, other.Text));
        Assert.Equal(200, (await server.GetAsync($"/v1/responses/{id}")).Status);
    }

    [Fact]
    public async Task A_response_is_kept_for_30_days()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab, clock);
        var id = IdOf(await AskAsync(server, "Hello"));
        clock.Jump(TimeSpan.FromDays(30) - TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await server.GetAsync($"/v1/responses/{id}")).Status);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(404, (await server.GetAsync($"/v1/responses/{id}")).Status);
        Assert.Equal(400, (await server.PostAsync("/v1/responses", $$"""{"model":"alpha","input":"x","previous_response_id":"{{id}}"}""")).Status);
    }

    [Fact]
    public async Task The_items_that_led_to_a_response_are_listed_in_pages()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var first = IdOf(await AskAsync(server, "One"));
        var id = IdOf(await server.PostAsync("/v1/responses", $$"""{"model":"alpha","previous_response_id":"{{first}}","input":[{"role":"user","content":"Two"},{"id":"msg_own","type":"message","role":"user","content":[{"type":"input_text","text":"Three"}]}]}"""));
        var path = $"/v1/responses/{id}/input_items";

        var all = (await server.GetAsync(path + "?order=asc")).Json;
        Assert.Equal(["One", "Hi", "Two", "Three"], Texts(all));
        Assert.Equal(("list", false), (all.GetProperty("object").GetString(), all.GetProperty("has_more").GetBoolean()));
        Assert.All(all.GetProperty("data").EnumerateArray(), item => Assert.Equal("message", item.GetProperty("type").GetString()));
        Assert.Equal("msg_own", all.GetProperty("last_id").GetString());
        Assert.Equal(["Three", "Two", "Hi", "One"], Texts((await server.GetAsync(path)).Json));

        var page = (await server.GetAsync(path + "?limit=2")).Json;
        Assert.Equal((true, 2), (page.GetProperty("has_more").GetBoolean(), page.GetProperty("data").GetArrayLength()));
        var rest = (await server.GetAsync($"{path}?limit=2&after={page.GetProperty("last_id").GetString()}")).Json;
        Assert.Equal(["Hi", "One"], Texts(rest));
        Assert.False(rest.GetProperty("has_more").GetBoolean());
        foreach (var wrong in new[] { "?limit=0", "?limit=101", "?limit=x", "?order=up", "?after=nobody" })
            Assert.Equal(400, (await server.GetAsync(path + wrong)).Status);
    }

    [Fact]
    public async Task Input_is_counted_by_the_upstream_that_counts_and_estimated_elsewhere_with_its_conversation()
    {
        await using var lab = new FakeUpstream();
        await using var claude = new FakeUpstream(turn => turn.WholeAsync("""{"input_tokens":17}"""));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "claude": {{TestServer.Claude(claude)}}, "lab": {{TestServer.Lab(lab)}} } }""");
        var first = IdOf(await AskAsync(server, "One"));
        var counted = await server.PostAsync("/v1/responses/input_tokens", """{"model":"claude-x","input":"Hello"}""");
        Assert.Equal((200, 17L, "/v1/messages/count_tokens"), (counted.Status, Count(counted), claude.Last.Target));
        var alone = Count(await server.PostAsync("/v1/responses/input_tokens", """{"model":"alpha","input":"Hello"}"""));
        var going = Count(await server.PostAsync("/v1/responses/input_tokens", $$"""{"model":"alpha","input":"Hello","previous_response_id":"{{first}}"}"""));
        Assert.True(going > alone && alone > 0, $"{going} {alone}");
        Assert.Equal(422, (await server.PostAsync("/v1/responses/input_tokens", """{"model":"alpha","input":5}""")).Status);
    }

    private static long Count(Answer answer)
    {
        Assert.Equal("response.input_tokens", answer.Json.GetProperty("object").GetString());
        return answer.Json.GetProperty("input_tokens").GetInt64();
    }

    [Fact]
    public async Task The_oldest_go_when_a_team_has_too_many()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var store = server.Service<AnswerStore>();
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => store.PutAsync(Kept(server.Account, "old", bytes: 1))));
        Assert.NotNull(await store.FindAsync(StoredKind.Response, server.Account, "old"));
        clock.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < AnswerStore.MostResponses; i += 500)
            await Task.WhenAll(Enumerable.Range(i, 500).Select(n => store.PutAsync(Kept(server.Account, $"new{n}", bytes: 1))));
        await store.PutAsync(Kept("other", "old", bytes: 1));
        Assert.Equal(1, await store.SweepAsync());
        Assert.Null(await store.FindAsync(StoredKind.Response, server.Account, "old"));
        Assert.NotNull(await store.FindAsync(StoredKind.Response, server.Account, "new0"));
        Assert.NotNull(await store.FindAsync(StoredKind.Response, "other", "old"));
    }

    private static StoredAnswer Kept(string team, string id, int bytes) => new(StoredKind.Response, team, id) { Body = new byte[bytes], Input = [] };

    internal static async Task<Answer> AskAsync(TestServer server, string input, string more = "", string model = "alpha")
    {
        var answer = await server.PostAsync("/v1/responses", $$"""{"model":"{{model}}","input":"{{input}}"{{more}}}""");
        Assert.True(answer.Status == 200, answer.Text);
        return answer;
    }

    internal static string IdOf(Answer answer)
    {
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json.GetProperty("id").GetString()!;
    }

    private static IEnumerable<string> Texts(JsonElement list) =>
        list.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("content")[0].GetProperty("text").GetString()!);

    private static IEnumerable<string> Messages(ReceivedRequest request)
    {
        using var sent = JsonDocument.Parse(request.Text);
        return [.. sent.RootElement.GetProperty("messages").EnumerateArray().Select(message => $"{message.GetProperty("role").GetString()}:{TextOf(message.GetProperty("content"))}")];
    }

    private static string TextOf(JsonElement content) => content.ValueKind == JsonValueKind.String ? content.GetString()! : string.Concat(content.EnumerateArray().Select(part => part.GetProperty("text").GetString()));
}
