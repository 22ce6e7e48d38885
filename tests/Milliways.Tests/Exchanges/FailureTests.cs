using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>Failures before the first content: real statuses, and another upstream's chance.</summary>
public sealed class FailureTests
{
    public static TheoryData<string> Breaks => [.. Scripts.Keys];

    private static readonly Dictionary<string, Func<UpstreamTurn, Task>> Scripts = new()
    {
        ["closes without a word"] = turn =>
        {
            turn.Finish();
            return Task.CompletedTask;
        },
        ["resets without a word"] = turn =>
        {
            turn.Reset();
            return Task.CompletedTask;
        },
        ["breaks inside the head"] = async turn =>
        {
            await turn.RawAsync("HTTP/1.1 200 OK\r\nContent-Ty");
            turn.Finish();
        },
        ["sends a page"] = turn => turn.WholeAsync("<html><body>Welcome</body></html>", contentType: "text/html"),
        ["sends nothing"] = turn => turn.WholeAsync("", contentType: "text/event-stream"),
        ["sends an error object"] = turn => turn.WholeAsync("""{"error":{"message":"boom","type":"server_error"}}"""), // ERR-12
        ["sends xAI's error object"] = turn => turn.WholeAsync("""{"code":"Internal error","error":"boom"}"""),
        ["streams only a role"] = async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role);
            turn.Finish();
        },
        ["streams an error first"] = turn => turn.StreamAsync("data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n"),
        ["streams only [DONE]"] = turn => turn.StreamAsync(Answers.Done),
        ["streams a role and ends"] = turn => turn.StreamAsync(Answers.Role),
        ["answers 500"] = turn => turn.WholeAsync("""{"error":{"message":"boom"}}""", 500),
        ["answers 500 compressed"] = turn => turn.WholeAsync([0x1F, 0x8B, 8, 0, 0, 0, 0, 0], 500, headers: ["Content-Encoding: gzip"]), // ERR-13
        ["answers 503 with a page"] = turn => turn.WholeAsync("<html>", 503, "text/html"),
        ["answers 429"] = turn => turn.WholeAsync("{}", 429),
        ["answers 401"] = turn => turn.WholeAsync("""{"error":{"message":"Incorrect API key provided: sk-upst...6789"}}""", 401),
        ["redirects"] = turn => turn.WholeAsync("", 302, "text/plain", "Location: http://127.0.0.1:1/"),
    };

    private static readonly string[] OnlyStreams = ["sends nothing"];

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task An_upstream_that_fails_before_its_first_word_is_a_real_error_status(string how)
    {
        await using var lab = new FakeUpstream(Scripts[how]);
        await using var server = await TestServer.WithLabAsync(lab);
        foreach (var stream in OnlyStreams.Contains(how) ? [true] : new[] { true, false })
        {
            var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask(stream: stream));

            Assert.InRange(answer.Status, 429, 599);
            Assert.Null(answer.Header("Content-Encoding"));
            Assert.Equal(["code", "error"], answer.Json.EnumerateObject().Select(member => member.Name));
            Assert.Equal("application/json", answer.Header("Content-Type"));
            Assert.Matches("^(upstream|gateway), ", answer.Header("x-milliways-failed"));
            Assert.Equal("lab/alpha", answer.Header("x-milliways-upstream"));
            Assert.DoesNotContain("sk-", answer.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task The_next_attempt_answers_and_the_caller_sees_nothing_of_the_first(string how)
    {
        await using var bad = new FakeUpstream(Scripts[how]);
        await using var good = new FakeUpstream(turn => turn.Request.Text.Contains("\"stream\":true", StringComparison.Ordinal)
            ? turn.StreamAsync(Answers.ChatStream) : turn.WholeAsync(Answers.Chat));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "bad": {{TestServer.Lab(bad)}}, "good": {{TestServer.Lab(good)}} },
              "models": { "both": { "attempts": [ { "upstream": "bad", "model": "alpha" }, { "upstream": "good", "model": "beta" } ] } } }
            """);

        var stream = await server.PostAsync("/v1/chat/completions", Answers.Ask("both", stream: true));
        Assert.Equal(200, stream.Status);
        Assert.Equal(Answers.Role + Answers.Chunk("Hi") + Answers.Finish + Answers.Done, stream.Text);
        Assert.Equal("2", stream.Header("x-milliways-attempts"));
        Assert.Equal("good/beta", stream.Header("x-milliways-upstream"));
        if (OnlyStreams.Contains(how))
            return;

        var whole = await server.PostAsync("/v1/chat/completions", Answers.Ask("both"));
        Assert.Equal((200, Answers.Chat), (whole.Status, whole.Text));
        Assert.Equal("2", whole.Header("x-milliways-attempts"));
    }

    [Fact]
    public async Task An_upstream_that_cannot_be_reached_is_passed_over()
    {
        await using var good = new FakeUpstream();
        string gone;
        await using (var closed = new FakeUpstream())
            gone = closed.Url;
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "gone": { "dialect": "openai-chat", "baseUrl": "{{gone}}/v1" }, "good": {{TestServer.Lab(good)}} },
              "models": { "both": { "attempts": [ { "upstream": "gone", "model": "alpha" }, { "upstream": "good", "model": "beta" } ] } } }
            """);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("both"));
        Assert.Equal((200, "2"), (answer.Status, answer.Header("x-milliways-attempts")));

        var alone = await server.PostAsync("/v1/chat/completions", Answers.Ask("gone/alpha"));
        Assert.Equal((502, "upstream, connect"), (alone.Status, alone.Header("x-milliways-failed")));
        Assert.Contains("gone", alone.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", alone.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_of_the_request_itself_is_not_tried_elsewhere()
    {
        await using var first = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"bad temperature","type":"invalid_request_error","param":"temperature","code":null}}""", 400));
        await using var second = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "first": {{TestServer.Lab(first)}}, "second": {{TestServer.Lab(second)}} },
              "models": { "both": { "attempts": [ { "upstream": "first", "model": "alpha" }, { "upstream": "second", "model": "beta" } ] } } }
            """);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("both"));

        Assert.Equal((400, "bad temperature"), (answer.Status, answer.Json.GetProperty("error").GetString()));
        Assert.Empty(second.Received);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_refusal_that_is_the_upstreams_own_affair_is_tried_elsewhere(int status)
    {
        await using var first = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"no","type":"x","param":null,"code":null}}""", status));
        await using var second = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "first": {{TestServer.Lab(first)}}, "second": {{TestServer.Lab(second)}} },
              "models": { "both": { "attempts": [ { "upstream": "first", "model": "alpha" }, { "upstream": "second", "model": "beta" } ] } } }
            """);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("both"));

        Assert.Equal((200, "second/beta", "2"), (answer.Status, answer.Header("x-milliways-upstream"), answer.Header("x-milliways-attempts")));
    }

    [Fact]
    public async Task When_all_attempts_fail_the_last_failure_is_told()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("{}", turn.Request.Text.Contains("one", StringComparison.Ordinal) ? 500 : 503));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "lab": {{TestServer.Lab(lab)}} },
              "models": { "both": { "attempts": [ { "upstream": "lab", "model": "one" }, { "upstream": "lab", "model": "two" } ] } } }
            """);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("both", stream: true));

        Assert.Equal((503, "2", "lab/two"), (answer.Status, answer.Header("x-milliways-attempts"), answer.Header("x-milliways-upstream")));
    }

    /// <summary>dialects 4.13; the second column is xAI's and OpenAI's flavour, the third Anthropic's.</summary>
    [Theory]
    [InlineData(400, 400, 400)]
    [InlineData(401, 502, 502)]
    [InlineData(402, 429, 429)]
    [InlineData(403, 403, 403)]
    [InlineData(404, 404, 404)]
    [InlineData(408, 504, 504)]
    [InlineData(409, 409, 409)]
    [InlineData(413, 413, 413)]
    [InlineData(422, 400, 400)]
    [InlineData(429, 429, 429)]
    [InlineData(500, 500, 500)]
    [InlineData(502, 503, 500)]
    [InlineData(503, 503, 529)]
    [InlineData(504, 504, 504)]
    [InlineData(529, 503, 529)]
    public async Task An_upstreams_status_is_mapped_for_each_dialect(int upstream, int chat, int messages)
    {
        await using var fake = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"said so","type":"any_error"}}""", upstream));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "claude": {{TestServer.Claude(fake)}}, "lab": {{TestServer.Lab(fake)}} } }""");

        foreach (var (provider, model) in new[] { ("lab", "alpha"), ("claude", "claude-x") })
        {
            Assert.Equal(chat, (await server.PostAsync("/v1/chat/completions", Answers.Ask(model))).Status);
            Assert.Equal(chat, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask($"{provider}/{model}"))).Status);
            var said = await server.PostAsync("/v1/messages", Answers.Say(model));
            Assert.Equal(messages, said.Status);
            Assert.Equal("error", said.Json.GetProperty("type").GetString());
            Assert.Equal(upstream != 401, said.Text.Contains("said so", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Neither_the_upstreams_key_nor_its_words_about_it_reach_a_caller()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(
            $$$"""{"error":{"message":"Incorrect API key provided: {{{TestServer.UpstreamKey}}}."}}""", turn.Request.Text.Contains("\"u\"", StringComparison.Ordinal) ? 403 : 401));
        await using var server = await TestServer.WithLabAsync(lab);
        foreach (var more in new[] { "", ",\"user\":\"u\"" })
        {
            var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask(more: more));
            Assert.DoesNotContain("sk-upstream", answer.Text, StringComparison.Ordinal);
            Assert.NotEqual(401, answer.Status);
        }
    }

    [Theory]
    [InlineData("7", "7")]
    [InlineData("3600", "60")]
    [InlineData("0", "1")]
    [InlineData("1.5", "2")]
    [InlineData("Wed, 21 Oct 2035 07:28:00 GMT", "1")]
    [InlineData(null, "1")]
    public async Task Retry_after_is_passed_on_up_to_a_minute(string? upstream, string caller)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("{}", 429, headers: upstream is null ? [] : [$"Retry-After: {upstream}"]));
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((429, caller), (answer.Status, answer.Header("Retry-After")));
        Assert.Null(answer.Header("x-milliways-refused"));
    }

    [Theory]
    [InlineData("FIN")]
    [InlineData("RST")]
    public async Task A_connection_that_dies_when_it_is_used_again_is_replaced_without_a_word(string end)
    {
        await using var lab = new FakeUpstream();
        lab.Then(turn => turn.WholeAsync(Answers.Chat)).Then(turn =>
        {
            if (end == "RST")
                turn.Reset();
            else
                turn.Finish();
            return Task.CompletedTask;
        });
        await using var server = await TestServer.WithLabAsync(lab);

        for (var i = 0; i < 2; i++)
        {
            var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());
            Assert.Equal((200, "1"), (answer.Status, answer.Header("x-milliways-attempts")));
        }
        Assert.Equal(3, lab.Received.Count);
    }

    [Fact]
    public async Task A_new_connection_that_dies_is_a_failure_and_is_not_asked_twice()
    {
        await using var lab = new FakeUpstream();
        lab.Then(turn =>
        {
            turn.Finish();
            return Task.CompletedTask;
        });
        await using var server = await TestServer.WithLabAsync(lab);

        Assert.Equal(502, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Single(lab.Received);
    }

    [Fact]
    public async Task Context_errors_keep_the_words_that_clients_look_for()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(
            """{"error":{"message":"This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""", 400));
        await using var server = await TestServer.WithLabAsync(lab);

        var messages = await server.PostAsync("/v1/messages", Answers.Say("alpha"));
        Assert.Equal((400, "prompt is too long: 5000 tokens > 4096 maximum"), (messages.Status, messages.Json.GetProperty("error").GetProperty("message").GetString()));
        Assert.Equal("context", messages.Header("x-milliways-refused"));
        var compat = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask());
        Assert.Equal("context_length_exceeded", compat.Json.GetProperty("error").GetProperty("code").GetString());
        var xai = await server.PostAsync("/v1/chat/completions", Answers.Ask());
        Assert.Equal("This model's maximum prompt length is 4096 but the request contains 5000 tokens.", xai.Json.GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_strict_caller_is_refused_where_others_lose_a_field()
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.WithClaudeAsync(claude);
        var ask = Answers.Ask("claude-x", more: ",\"seed\":7");

        var lenient = await server.PostAsync("/v1/chat/completions", ask);
        Assert.Equal((200, "seed"), (lenient.Status, lenient.Header("x-milliways-dropped")));
        var strict = await server.PostAsync("/v1/chat/completions", ask, ("x-milliways-strict", "true"));
        Assert.Equal(400, strict.Status);
        Assert.Contains("seed", strict.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Single(claude.Received);
    }

    [Fact]
    public async Task Compressed_lies_are_no_answer() // SSE-05
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync([0x1F, 0x8B, 8, 0, 0, 0, 0, 0], headers: ["Content-Encoding: gzip"]));
        await using var server = await TestServer.WithLabAsync(lab);

        Assert.Equal(502, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Equal("identity", lab.Last.Header("Accept-Encoding"));
    }
}
