using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>Callers of Chat and Messages at a Google upstream, through the whole server.</summary>
public sealed class GeminiTests
{
    private const string Whole =
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true},{"text":"Hi"},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":2,"candidatesTokenCount":3,"thoughtsTokenCount":4},"modelVersion":"gemini-x-001","responseId":"r1"}""";

    private static string Frame(string text, string end = "") =>
        $$$"""data: {"candidates":[{"content":{"role":"model","parts":[{"text":"{{{text}}}"}]}{{{end}}},"index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1},"modelVersion":"gemini-x-001","responseId":"r1"}""" + "\r\n\r\n";

    private const string Stop = ",\"finishReason\":\"STOP\"";

    private static string Google(FakeUpstream google, string more = "") =>
        $$"""{ "upstreams": { "gem": { "preset": "google", "baseUrl": "{{google.Url}}", "apiKey": "{{TestServer.UpstreamKey}}" } } {{more}} }""";

    private static async Task<(FakeUpstream Google, TestServer Server)> StartAsync(Func<UpstreamTurn, Task> standing, string more = "")
    {
        var google = new FakeUpstream(standing);
        return (google, await TestServer.StartAsync(Google(google, more)));
    }

    [Fact]
    public async Task A_chat_caller_gets_a_whole_answer()
    {
        var (google, server) = await StartAsync(turn => turn.WholeAsync(Whole));
        await using var _ = google;
        await using var __ = server;

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("gemini-x", more: ",\"max_tokens\":9,\"user\":\"u\""));

        Assert.Equal((200, "gem/gemini-x", "user"), (answer.Status, answer.Header("x-milliways-upstream"), answer.Header("x-milliways-dropped")));
        var choice = answer.Json.GetProperty("choices")[0];
        Assert.Equal(("tool_calls", "Hi", "Hm."), (choice.GetProperty("finish_reason").GetString(), choice.GetProperty("message").GetProperty("content").GetString(), choice.GetProperty("message").GetProperty("reasoning_content").GetString()));
        Assert.Equal((9, 16), (answer.Json.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), answer.Json.GetProperty("usage").GetProperty("total_tokens").GetInt32()));
        Assert.Equal("gemini-x-001", answer.Json.GetProperty("model").GetString());
        Assert.Equal("/v1beta/models/gemini-x:generateContent", google.Last.Target);
        Assert.Equal(TestServer.UpstreamKey, google.Last.Header("x-goog-api-key"));
        Assert.Null(google.Last.Header("Authorization"));
        Assert.False(JsonDocument.Parse(google.Last.Body).RootElement.TryGetProperty("model", out var model), model.ToString());
    }

    [Fact]
    public async Task A_call_goes_back_with_the_signature_that_came_with_it()
    {
        var (google, server) = await StartAsync(turn => turn.WholeAsync(Whole));
        await using var _ = google;
        await using var __ = server;
        var first = await server.PostAsync("/v1/messages", Answers.Say("gemini-x"));
        var content = first.Json.GetProperty("content");
        var id = content.EnumerateArray().Single(block => block.GetProperty("type").GetString() == "tool_use").GetProperty("id").GetString();

        await server.PostAsync("/v1/messages", $$"""{"model":"gemini-x","max_tokens":9,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":{{content.GetRawText()}}},{"role":"user","content":[{"type":"tool_result","tool_use_id":"{{id}}","content":"2"}]}]}""");

        var sent = JsonDocument.Parse(google.Last.Body).RootElement.GetProperty("contents");
        Assert.Equal("""[{"text":"Hi"},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"}]""", sent[1].GetProperty("parts").GetRawText());
        Assert.Equal("""[{"functionResponse":{"name":"f","response":{"output":"2"}}}]""", sent[2].GetProperty("parts").GetRawText());
    }

    [Fact]
    public async Task A_chat_caller_gets_a_stream_that_ends_with_the_body()
    {
        var (google, server) = await StartAsync(turn => turn.StreamAsync(Frame("H"), Frame("i", Stop)));
        await using var _ = google;
        await using var __ = server;

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("gemini-x", stream: true, more: ",\"stream_options\":{\"include_usage\":true}"));

        var events = answer.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        var chunks = events[..^1].Select(one => JsonDocument.Parse(one["data: ".Length..]).RootElement).ToList();
        Assert.Equal("Hi", string.Concat(chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
            .Select(choice => choice.GetProperty("delta").TryGetProperty("content", out var text) ? text.GetString() : "")));
        Assert.Equal(4, chunks[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", google.Last.Target);
    }

    [Fact]
    public async Task A_messages_caller_gets_a_stream()
    {
        var (google, server) = await StartAsync(turn => turn.StreamAsync(Frame("H"), Frame("i", Stop)));
        await using var _ = google;
        await using var __ = server;

        var answer = await server.PostAsync("/v1/messages", Answers.Say("gemini-x", stream: true));

        var names = answer.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split('\n')[0]["event: ".Length..]).Where(name => name != "ping");
        Assert.Equal(["message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop", "message_delta", "message_stop"], names);
    }

    [Fact]
    public async Task A_stream_without_a_finish_reason_is_no_clean_end()
    {
        var (google, server) = await StartAsync(turn => turn.StreamAsync(Frame("H"), Frame("i")));
        await using var _ = google;
        await using var __ = server;

        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask("gemini-x", stream: true));
        await client.HeadAsync();
        var text = await client.RestTextAsync();

        Assert.Contains("ended before its answer was complete", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.NotEqual(WireEnd.Proper, client.End);
    }

    [Fact]
    public async Task An_error_in_a_stream_before_any_content_is_a_status()
    {
        var (google, server) = await StartAsync(turn => turn.StreamAsync("""data: {"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"7s"}]}}""" + "\n\n"));
        await using var _ = google;
        await using var __ = server;

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("gemini-x", stream: true));

        Assert.Equal((429, "7"), (answer.Status, answer.Header("Retry-After")));
    }

    [Theory]
    [InlineData("gem/a b/../c?d#e", "/v1beta/models/a%20b%2F..%2Fc%3Fd%23e:generateContent")]
    [InlineData("gem/models/gemini-x", "/v1beta/models/gemini-x:generateContent")]
    [InlineData("gem/tunedModels/mine", "/v1beta/tunedModels/mine:generateContent")]
    [InlineData("gem/..", "/v1beta/models/..:generateContent")]
    [InlineData("gem/x:streamGenerateContent", "/v1beta/models/x%3AstreamGenerateContent:generateContent")]
    public async Task A_models_name_stays_one_segment_of_the_address(string model, string target)
    {
        var (google, server) = await StartAsync(turn => turn.WholeAsync(Whole));
        await using var _ = google;
        await using var __ = server;

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask(model))).Status);
        Assert.Equal(target, google.Last.Target);
        Assert.Equal(400, (await server.PostAsync("/v1/chat/completions", Answers.Ask("gem/" + new string('x', 9999)))).Status);
    }

    [Fact]
    public async Task A_base_address_with_a_version_is_tolerated()
    {
        await using var google = new FakeUpstream(turn => turn.WholeAsync(Whole));
        await using var server = await TestServer.StartAsync(Google(google).Replace(google.Url, google.Url + "/v1beta", StringComparison.Ordinal));
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask("gemini-x"))).Status);
        Assert.Equal("/v1beta/models/gemini-x:generateContent", google.Last.Target);
    }

    [Fact]
    public async Task What_Google_is_not_asked_for_is_estimated_or_refused()
    {
        var (google, server) = await StartAsync(turn => turn.WholeAsync(Whole));
        await using var _ = google;
        await using var __ = server;

        var counted = await server.PostAsync("/v1/messages/count_tokens", """{"model":"gemini-x","messages":[{"role":"user","content":"Hello there, you three"}]}""");
        Assert.Equal(200, counted.Status);
        Assert.InRange(counted.Json.GetProperty("input_tokens").GetInt32(), 8, 20);
        var embeddings = await server.PostAsync("/v1/embeddings", """{"input":["a"],"model":"gemini-embedding"}""");
        Assert.Equal(400, embeddings.Status);
        Assert.Contains("Embeddings", embeddings.Text, StringComparison.Ordinal);
        Assert.Empty(google.Received);
    }

    [Fact]
    public async Task An_image_by_address_goes_to_Google_as_itself()
    {
        await using var pictures = new FakeUpstream(turn => turn.WholeAsync(ImageFiles.Png, contentType: "image/png"));
        var (google, server) = await StartAsync(turn => turn.WholeAsync(Whole), """, "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] }""");
        await using var _ = google;
        await using var __ = server;

        var answer = await server.PostAsync("/v1/chat/completions", Look(pictures.Url + "/a.png?x=1", pictures.Url + "/a.png?x=1"));

        Assert.Equal(200, answer.Status);
        var inline = JsonDocument.Parse(google.Last.Body).RootElement.GetProperty("contents")[0].GetProperty("parts")[1].GetProperty("inlineData");
        Assert.Equal(("image/png", Convert.ToBase64String(ImageFiles.Png)), (inline.GetProperty("mimeType").GetString(), inline.GetProperty("data").GetString()));
        // The same address is fetched once, and nothing of the caller goes there.
        var fetched = Assert.Single(pictures.Received);
        Assert.Equal(("GET", "/a.png?x=1"), (fetched.Method, fetched.Target));
        Assert.Null(fetched.Header("Authorization"));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task An_image_at_a_private_address_is_refused_by_name_of_the_field(string path)
    {
        await using var pictures = new FakeUpstream(turn => turn.WholeAsync(ImageFiles.Png, contentType: "image/png"));
        var (google, server) = await StartAsync(turn => turn.WholeAsync(Whole));
        await using var _ = google;
        await using var __ = server;

        var body = path == "/v1/messages"
            ? $$"""{"model":"gemini-x","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"{{pictures.Url}}/a.png"} }]}]}"""
            : Look(pictures.Url + "/a.png");
        var answer = await server.PostAsync(path, body);

        Assert.Equal((400, "client, image"), (answer.Status, answer.Header("x-milliways-failed")));
        Assert.Matches(@"messages\[0\]\.content\[\d\]: the image at", answer.Text);
        Assert.Empty(pictures.Received);
        Assert.Empty(google.Received);
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_the_fetch()
    {
        await using var pictures = new FakeUpstream(turn => turn.ClosedAsync());
        await using var google = new FakeUpstream(turn => turn.WholeAsync(Whole));
        // The clock stands still: no time-out of the fetch ends it instead.
        await using var server = await TestServer.StartAsync(Google(google, """, "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] }"""), new ManualTime());

        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Look(pictures.Url + "/a.png"));
        var fetch = await pictures.ArrivalAsync();
        client.Leave();

        await fetch.ClosedAsync();
        Assert.Empty(google.Received);
    }

    [Fact]
    public async Task Too_many_images_by_address_are_refused()
    {
        var (google, server) = await StartAsync(turn => turn.WholeAsync(Whole));
        await using var _ = google;
        await using var __ = server;
        var answer = await server.PostAsync("/v1/chat/completions", Look([.. Enumerable.Range(0, 17).Select(number => $"https://example.org/{number}.png")]));
        Assert.Equal(400, answer.Status);
        Assert.Contains("at most 16 images", answer.Text, StringComparison.Ordinal);
    }

    private static string Look(params string[] addresses)
    {
        var images = string.Concat(addresses.Select(address => $$$""",{"type":"image_url","image_url":{"url":"{{{address}}}"}}"""));
        return $$"""{"model":"gemini-x","messages":[{"role":"user","content":[{"type":"text","text":"See"}{{images}}]}]}""";
    }
}
