using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>Responses whose upstream speaks the same dialect and keeps them too.</summary>
public sealed class HeldResponseTests
{
    private const string Whole =
        """{"id":"resp_up","object":"response","created_at":1734999999,"status":"completed","model":"r-1","output":[{"type":"reasoning","id":"rs_up","summary":[]},{"type":"message","id":"msg_up","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi","annotations":[]}]}],"store":true,"previous_response_id":null,"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":1,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":4}}""";

    [Fact]
    public async Task Its_bytes_and_its_id_pass_and_it_is_readable_by_its_team_alone()
    {
        await using var up = new FakeUpstream(turn => turn.WholeAsync(Whole));
        await using var server = await StartAsync(up, up);
        const string Body = """{"model":"one/m", "input":"Hello","unknown":[1]}""";
        var made = await server.PostAsync("/v1/responses", Body);
        Assert.Equal((200, Whole, "/v1/responses", Body.Replace("one/m", "m", StringComparison.Ordinal)), (made.Status, made.Text, up.Last.Target, up.Last.Text));
        Assert.Equal((200, Whole), ((await server.GetAsync("/v1/responses/resp_up")) is var read ? (read.Status, read.Text) : default));
        Assert.Equal(404, (await server.GetAsync("/v1/responses/resp_up", ("Authorization", "Bearer " + server.OtherTeamsKey()))).Status);
        Assert.Single(up.Received);
    }

    [Fact]
    public async Task The_holder_is_given_its_own_id_and_a_stranger_the_items()
    {
        await using var holder = new FakeUpstream(turn => turn.WholeAsync(Whole));
        await using var stranger = new FakeUpstream(turn => turn.WholeAsync(Whole.Replace("resp_up", "resp_other", StringComparison.Ordinal)));
        await using var server = await StartAsync(holder, stranger);
        await server.PostAsync("/v1/responses", """{"model":"one/m","input":"Hello"}""");

        const string Next = """{"model":"one/m", "input":"Next","previous_response_id":"resp_up"}""";
        holder.Then(turn => turn.WholeAsync(Whole.Replace("resp_up", "resp_two", StringComparison.Ordinal)));
        Assert.Equal(200, (await server.PostAsync("/v1/responses", Next)).Status);
        Assert.Equal(Next.Replace("one/m", "m", StringComparison.Ordinal), holder.Last.Text);

        Assert.Equal(200, (await server.PostAsync("/v1/responses", Next.Replace("one/m", "two/m", StringComparison.Ordinal))).Status);
        using var sent = JsonDocument.Parse(stranger.Last.Text);
        Assert.False(sent.RootElement.TryGetProperty("previous_response_id", out _));
        var items = sent.RootElement.GetProperty("input");
        Assert.DoesNotContain("_up", items.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("Next", items[items.GetArrayLength() - 1].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("Hello", items[0].GetProperty("content")[0].GetProperty("text").GetString());
        // What is kept says what the caller asked, although the upstream never heard of it.
        Assert.Equal("resp_up", (await server.GetAsync("/v1/responses/resp_other")).Json.GetProperty("previous_response_id").GetString());
    }

    [Fact]
    public async Task A_stream_passes_as_it_is_and_its_last_event_is_what_is_kept()
    {
        var completed = "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":2,\"response\":" + Whole + "}\n\n";
        string[] events =
        [
            "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_up\",\"object\":\"response\",\"status\":\"in_progress\",\"output\":[]}}\n\n",
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"item_id\":\"msg_up\",\"output_index\":0,\"content_index\":0,\"delta\":\"Hi\",\"logprobs\":[]}\n\n",
            completed,
        ];
        await using var up = new FakeUpstream(turn => turn.StreamAsync(events));
        await using var server = await StartAsync(up, up);
        var answer = await server.PostAsync("/v1/responses", """{"model":"one/m","input":"Hello","stream":true}""");
        Assert.Equal(string.Concat(events), answer.Text);
        Assert.Equal(Whole, (await server.GetAsync("/v1/responses/resp_up")).Text);
    }

    [Fact]
    public async Task Deleting_asks_the_holder_first()
    {
        await using var up = new FakeUpstream(turn => turn.WholeAsync(Whole));
        await using var server = await StartAsync(up, up);
        await server.PostAsync("/v1/responses", """{"model":"one/m","input":"Hello"}""");

        up.Standing = turn => turn.WholeAsync("""{"error":{"message":"may not"}}""", status: 403);
        Assert.Equal(502, (await server.SendAsync("DELETE", "/v1/responses/resp_up", null)).Status);
        Assert.Equal(200, (await server.GetAsync("/v1/responses/resp_up")).Status);
        Assert.Equal(404, (await server.SendAsync("DELETE", "/v1/responses/resp_up", null, ("Authorization", "Bearer " + server.OtherTeamsKey()))).Status);
        Assert.Equal(2, up.Received.Count);

        up.Standing = turn => turn.WholeAsync(Whole);
        up.Then(turn => turn.WholeAsync("""{"id":"resp_up","object":"response","deleted":true}"""));
        Assert.Equal(200, (await server.SendAsync("DELETE", "/v1/responses/resp_up", null)).Status);
        Assert.Equal(("DELETE", "/v1/responses/resp_up", "Bearer " + TestServer.UpstreamKey), (up.Last.Method, up.Last.Target, up.Last.Header("Authorization")));
        Assert.Equal(404, (await server.GetAsync("/v1/responses/resp_up")).Status);
    }

    [Fact]
    public async Task A_background_response_keeps_our_id_and_the_upstream_is_not_asked_for_one()
    {
        await using var up = new FakeUpstream(turn => turn.WholeAsync(Whole));
        await using var server = await StartAsync(up, up);
        var id = StoredResponseTests.IdOf(await server.PostAsync("/v1/responses", """{"model":"one/m","background":true,"input":"Hello"}"""));
        Answer done;
        while ((done = await server.GetAsync($"/v1/responses/{id}")).Json.GetProperty("status").GetString() != "completed") { }
        Assert.Equal((id, true), (done.Json.GetProperty("id").GetString(), done.Json.GetProperty("background").GetBoolean()));
        Assert.Equal("""{"model":"m","input":"Hello"}""", up.Last.Text);
        await server.PostAsync("/v1/responses", $$"""{"model":"one/m","input":"Next","previous_response_id":"{{id}}"}""");
        Assert.Equal("""{"model":"m","input":"Next","previous_response_id":"resp_up"}""", up.Last.Text);
    }

    [Fact]
    public async Task An_upstream_that_gives_out_an_id_twice_is_told_as_that_and_not_as_a_long_conversation()
    {
        await using var up = new FakeUpstream(turn => turn.WholeAsync(Whole));
        await using var server = await StartAsync(up, up);
        const string Next = """{"model":"one/m","input":"Next","previous_response_id":"resp_up"}""";
        await server.PostAsync("/v1/responses", """{"model":"one/m","input":"Hello"}""");
        Assert.Equal(200, (await server.PostAsync("/v1/responses", Next)).Status);

        var looped = await server.PostAsync("/v1/responses", Next);
        Assert.Equal(400, looped.Status);
        Assert.Contains("gave the id 'resp_up' to two responses", looped.Text, StringComparison.Ordinal);
        var items = (await server.GetAsync("/v1/responses/resp_up/input_items")).Json.GetProperty("data");
        Assert.Equal("Next", Assert.Single(items.EnumerateArray()).GetProperty("content")[0].GetProperty("text").GetString());
    }

    private static Task<TestServer> StartAsync(FakeUpstream one, FakeUpstream two) => TestServer.StartAsync($$"""
        { "upstreams": {
          "one": { "dialect": "openai-responses", "baseUrl": "{{one.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" },
          "two": { "dialect": "openai-responses", "baseUrl": "{{two.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" } } }
        """);
}
