using System.Text;
using System.Text.Json;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>Responses on both sides: bytes go through as they came, and what breaks ends as the dialect ends what broke.</summary>
public sealed class ResponsesStreamTests
{
    private const string Created =
        "event: response.created\r\nid: 7\r\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_up\",\"object\":\"response\",\"model\":\"r-1\",\"status\":\"in_progress\",\"error\":null,\"output\":[],\"usage\":null,\"x\":1.50}}\r\n\r\n";

    private const string Item =
        "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[]}}\n\n";

    private const string Delta =
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":2,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"生\\u00e9 response.completed\",\"logprobs\":[],\"obfuscation\":\"xx\"}\n\n";

    private const string Done =
        "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"sequence_number\":3,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\",\"text\":\"whole\"}]}}\n\n";

    private const string Completed =
        "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":4,\"response\":{\"id\":\"resp_up\",\"object\":\"response\",\"model\":\"r-1\",\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1,\"total_tokens\":4}}}\n\n";

    private const string Odd = "\uFEFF: comment\n\n" + Created + Item
        + "data:{\"type\":\"response.future_thing\",\ndata: \"error\":1}\n\nevent: unheard_of\ndata: {\"type\":\"unheard_of\"}\n\n" + Delta + Done + Completed;

    private static string Lab(FakeUpstream lab) =>
        $$"""{ "upstreams": { "lab-r": { "dialect": "openai-responses", "baseUrl": "{{lab.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}", "models": ["r-1"] } } }""";

    private static string Ask(bool stream = false) => "{ \"input\" : [ {\"role\":\"user\",\"content\":\"\\u00e9\\/ 生\"} ],\r\n\t\"model\":\"r-1\", \"unknown\":{\"k\":1,\"k\":2.50}, \"store\" : false" + (stream ? ",\"stream\":true" : "") + " }\n";

    [Fact]
    public void A_stream_comes_out_as_it_went_in_whatever_its_pieces() => Dice.Check(dice =>
    {
        var (state, source, written) = Through(Encoding.UTF8.GetBytes(Odd), dice);
        Assert.Equal((RelayState.Complete, UsageSource.Reported), (state, source));
        Assert.Equal(Odd, Encoding.UTF8.GetString(written));
    }, tests: 300);

    [Fact]
    public void A_stream_that_is_cut_anywhere_is_never_complete() => Dice.Check(dice =>
    {
        var bytes = Encoding.UTF8.GetBytes(Odd);
        bytes = bytes[..dice.Upto(bytes.Length - 3)];
        var (state, _, written) = Through(bytes, dice);
        Assert.Equal(RelayState.Failed, state);
        Assert.True(bytes.AsSpan().StartsWith(written), "Something was written that did not come.");
    }, tests: 300);

    [Fact]
    public async Task A_request_and_its_answer_go_through_the_server_unchanged()
    {
        const string Whole = """{ "id":"resp_up", "object":"response","status":"completed","output":[],"zz":1.50,"usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4} }""";
        await using var lab = new FakeUpstream(async turn =>
        {
            if (!turn.Request.Text.Contains("\"stream\"", StringComparison.Ordinal))
            {
                await turn.WholeAsync(Whole);
                return;
            }
            await turn.BeginAsync("text/event-stream");
            foreach (var piece in Encoding.UTF8.GetBytes(Odd).Chunk(13))
                await turn.SendAsync(piece);
            await turn.EndAsync();
        });
        await using var server = await TestServer.StartAsync(Lab(lab));
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/responses", Ask());
        await client.HeadAsync();
        Assert.Equal(Whole, await client.RestTextAsync());
        Assert.Equal((Ask(), "/v1/responses"), (lab.Last.Text, lab.Last.Target));

        await client.PostAsync("/v1/responses", Ask(stream: true));
        await client.HeadAsync();
        Assert.Equal(Odd, await client.RestTextAsync());
        Assert.Equal((Ask(stream: true), WireEnd.Proper), (lab.Last.Text, client.End));
    }

    public static TheoryData<string> Breaks => ["cut", "clean end", "half an event", "failed", "error", "done marker"];

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task A_stream_that_breaks_ends_with_response_failed_and_what_there_was(string how)
    {
        using var seen = new SemaphoreSlim(0);
        await using var lab = Broken(how, seen);
        await using var server = await TestServer.StartAsync(Lab(lab));
        var (events, end) = await StreamAsync(server, "/v1/responses", Ask(stream: true), seen);

        Assert.NotEqual(WireEnd.Proper, end);
        var last = events[^1];
        Assert.Equal("response.failed", last.GetProperty("type").GetString());
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(one => one.GetProperty("sequence_number").GetInt32()));
        var response = last.GetProperty("response");
        Assert.Equal(("resp_up", "failed"), (response.GetProperty("id").GetString(), response.GetProperty("status").GetString()));
        Assert.Equal("whole", response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.NotEmpty(response.GetProperty("error").GetProperty("message").GetString()!);
        Assert.Single(events, one => one.GetProperty("type").GetString() is "response.failed" or "response.completed" or "response.incomplete" or "error");
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task A_stream_that_breaks_never_ends_cleanly_for_callers_of_other_dialects(string how)
    {
        using var seen = new SemaphoreSlim(0);
        await using var lab = Broken(how, seen);
        await using var server = await TestServer.StartAsync(Lab(lab));
        var (chat, chatEnd) = await StreamAsync(server, "/v1/chat/completions", Answers.Ask("r-1", stream: true), seen);
        Assert.NotEqual(WireEnd.Proper, chatEnd);
        Assert.True(chat[^1].TryGetProperty("error", out _));
        Assert.Equal("/v1/responses", lab.Last.Target);
        var (messages, messagesEnd) = await StreamAsync(server, "/v1/messages", Answers.Say("r-1", stream: true), seen);
        Assert.NotEqual(WireEnd.Proper, messagesEnd);
        Assert.Equal("error", messages[^1].GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_crossed_stream_that_breaks_ends_with_response_failed_in_its_own_numbering()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync("text/event-stream");
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        var (events, end) = await StreamAsync(server, "/v1/responses", """{"model":"alpha","input":"x","stream":true}""");
        Assert.NotEqual(WireEnd.Proper, end);
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(one => one.GetProperty("sequence_number").GetInt32()));
        Assert.Equal("response.failed", events[^1].GetProperty("type").GetString());
        Assert.Equal("Hi", events[^1].GetProperty("response").GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(events[0].GetProperty("response").GetProperty("id").GetString(), events[^1].GetProperty("response").GetProperty("id").GetString());
    }

    [Fact]
    public async Task Errors_before_the_stream_are_xais_and_name_their_field()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        foreach (var (body, status, text) in new[]
        {
            ("""{"model":"alpha"}""", 422, "input"),
            ("""{"model":"alpha","input":5}""", 422, "input"),
            ("""{"model":"alpha","input":"x","previous_response_id":"resp_nobody"}""", 400, "resp_nobody"),
            ("""{"model":"alpha","input":"x","tools":[{"type":"web_search"}]}""", 400, "web_search"),
        })
        {
            var answer = await server.PostAsync("/v1/responses", body);
            Assert.Equal(status, answer.Status);
            Assert.Contains(text, answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        }
    }

    /// <summary>It breaks when the caller has seen the first event: before that it would be answered with an error status.</summary>
    private static FakeUpstream Broken(string how, SemaphoreSlim seen) => new(async turn =>
    {
        await turn.BeginAsync("text/event-stream");
        await turn.SendAsync(Created.Replace("\r\n", "\n", StringComparison.Ordinal) + Item + Delta + Done);
        await seen.WaitAsync(Patience.Limit);
        switch (how)
        {
            case "cut":
                turn.Finish();
                return;
            case "half an event":
                await turn.SendAsync("event: response.completed\ndata: {\"type\":\"response.comp");
                break;
            case "failed":
                await turn.SendAsync("event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":4,\"response\":{\"id\":\"resp_up\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"out of memory\"}}}\n\n");
                break;
            case "error":
                await turn.SendAsync("event: error\ndata: {\"type\":\"error\",\"sequence_number\":4,\"code\":\"server_error\",\"message\":\"out of memory\",\"param\":null}\n\n");
                break;
            case "done marker":
                await turn.SendAsync(Answers.Done);
                break;
        }
        await turn.EndAsync();
    });

    private static async Task<(List<JsonElement> Events, WireEnd? End)> StreamAsync(TestServer server, string path, string body, SemaphoreSlim? seen = null)
    {
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(path, body);
        Assert.Equal(200, (await client.HeadAsync()).Status);
        var events = new List<JsonElement>();
        while (await client.EventAsync() is { } one)
        {
            var data = string.Concat(one.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line["data:".Length..].Trim()));
            if (data.StartsWith('{'))
                events.Add(JsonDocument.Parse(data).RootElement.Clone());
            if (events.Count == 1)
                seen?.Release();
        }
        return (events, client.End);
    }

    private static (RelayState State, UsageSource Source, byte[] Written) Through(byte[] bytes, Dice dice)
    {
        using var output = new PooledWriter();
        var (relay, meter, unread, at) = (new BytesRelay(new ResponsesStreamObserver()), new Meter(), Array.Empty<byte>(), 0);
        while (relay.State == RelayState.Open)
        {
            var size = Math.Min(1 + dice.Upto(40), bytes.Length - at);
            unread = [.. unread, .. bytes.AsSpan(at, size)];
            at += size;
            unread = unread[relay.Feed(unread, endOfBody: size == 0, output, meter)..];
        }
        if (relay.State == RelayState.Complete)
            relay.WriteTail(output);
        return (relay.State, meter.Source, output.Written.ToArray());
    }
}
