using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>One dialect in, another out, through the whole server; the dialects' own tests go deep.</summary>
public sealed class CrossingTests
{
    [Fact]
    public async Task A_chat_caller_gets_a_whole_answer_from_a_messages_upstream()
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.WithClaudeAsync(claude);

        var answer = await server.PostAsync("/v1/chat/completions",
            """{"model":"claude-x","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}],"max_tokens":9,"stop":["END"]}""");

        Assert.Equal((200, "application/json", "claude/claude-x"), (answer.Status, answer.Header("Content-Type"), answer.Header("x-milliways-upstream")));
        var choice = answer.Json.GetProperty("choices")[0];
        Assert.Equal(("Hi", "stop"), (choice.GetProperty("message").GetProperty("content").GetString(), choice.GetProperty("finish_reason").GetString()));
        Assert.Equal((3, 1, 4), Usage(answer.Json));
        Assert.Equal("claude-x-1", answer.Json.GetProperty("model").GetString());
        var sent = JsonDocument.Parse(claude.Last.Body).RootElement;
        Assert.Equal(("claude-x", 9, "END"), (sent.GetProperty("model").GetString(), sent.GetProperty("max_tokens").GetInt32(), sent.GetProperty("stop_sequences")[0].GetString()));
        Assert.Contains("Be brief.", sent.GetProperty("system").GetRawText(), StringComparison.Ordinal);
        Assert.Equal("2023-06-01", claude.Last.Header("anthropic-version"));
    }

    [Fact]
    public async Task A_responses_caller_is_told_that_encrypted_reasoning_is_lost_and_strict_refuses_it()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        const string Body = """{"model":"alpha","include":["reasoning.encrypted_content"],"input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"},{"role":"user","content":"q"}]}""";

        var answer = await server.PostAsync("/v1/responses", Body);
        Assert.Equal((200, "include,input.encrypted_content"), (answer.Status, answer.Header("x-milliways-dropped")));
        Assert.Equal((400, 1), ((await server.PostAsync("/v1/responses", Body, ("x-milliways-strict", "true"))).Status, lab.Received.Count));
    }

    [Fact]
    public async Task A_messages_caller_gets_a_whole_answer_from_a_chat_upstream()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync("/v1/messages", """{"model":"alpha","max_tokens":9,"system":"Be brief.","messages":[{"role":"user","content":"Hello"}]}""");

        Assert.Equal(200, answer.Status);
        Assert.Equal(("message", "end_turn"), (answer.Json.GetProperty("type").GetString(), answer.Json.GetProperty("stop_reason").GetString()));
        Assert.Equal("Hi", answer.Json.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(3, answer.Json.GetProperty("usage").GetProperty("input_tokens").GetInt32());
        var sent = JsonDocument.Parse(lab.Last.Body).RootElement;
        Assert.Equal(["system", "user"], sent.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("role").GetString()));
        Assert.Equal("Bearer " + TestServer.UpstreamKey, lab.Last.Header("Authorization"));
        Assert.Null(lab.Last.Header("anthropic-version"));
    }

    [Fact]
    public async Task A_chat_caller_gets_a_stream_from_a_messages_upstream()
    {
        await using var claude = new FakeUpstream(turn => turn.StreamAsync(Answers.MessagesStream));
        await using var server = await TestServer.WithClaudeAsync(claude);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("claude-x", stream: true, more: ",\"stream_options\":{\"include_usage\":true}"));

        var events = answer.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        var chunks = events[..^1].Select(one => JsonDocument.Parse(one["data: ".Length..]).RootElement).ToList();
        Assert.Equal("Hi", string.Concat(chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
            .Select(choice => choice.GetProperty("delta").TryGetProperty("content", out var text) ? text.GetString() : "")));
        Assert.Equal((3, 2, 5), Usage(chunks[^1]));
        Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct());
        Assert.Equal(Guid.ParseExact(answer.Header("x-request-id")!["req_".Length..], "N").ToString("D"), chunks[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_messages_caller_gets_a_stream_from_a_chat_upstream()
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync("/v1/messages", Answers.Say("alpha", stream: true));

        var names = answer.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split('\n')[0]["event: ".Length..]).Where(name => name != "ping");
        Assert.Equal(["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"], names);
        Assert.True(JsonDocument.Parse(lab.Last.Body).RootElement.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
    }

    [Fact]
    public async Task Tool_calls_come_back_under_the_callers_own_names()
    {
        await using var claude = new FakeUpstream(turn =>
        {
            var name = JsonDocument.Parse(turn.Request.Body).RootElement.GetProperty("tools")[0].GetProperty("name").GetString();
            return turn.WholeAsync($$$"""{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"tool_use","id":"toolu_1","name":"{{{name}}}","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}""");
        });
        await using var server = await TestServer.WithClaudeAsync(claude);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("claude-x", more: ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get.weather\",\"parameters\":{\"type\":\"object\"}}}]"));

        var choice = answer.Json.GetProperty("choices")[0];
        Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
        Assert.Equal("get.weather", choice.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Tokens_are_counted_by_who_can_and_estimated_elsewhere() // USG-13
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync("""{"input_tokens":41}"""));
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "claude": {{TestServer.Claude(claude)}}, "lab": {{TestServer.Lab(lab)}} } }""");
        const string Count = """{"model":"MODEL","messages":[{"role":"user","content":"Hello there, you three"}]}""";

        var counted = await server.PostAsync("/v1/messages/count_tokens", Count.Replace("MODEL", "claude-x", StringComparison.Ordinal));
        Assert.Equal((200, """{"input_tokens":41}"""), (counted.Status, counted.Text));
        Assert.Equal("/v1/messages/count_tokens", claude.Last.Target);
        var estimated = await server.PostAsync("/v1/messages/count_tokens", Count.Replace("MODEL", "alpha", StringComparison.Ordinal));
        Assert.Equal(200, estimated.Status);
        Assert.InRange(estimated.Json.GetProperty("input_tokens").GetInt32(), 8, 20);
        Assert.Empty(lab.Received);
    }

    [Theory]
    [InlineData("/v1/messages/count_tokens", """{"model":"alpha","messages":[{"role":"user","content":"Q"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}""", "tools[0].type")]
    [InlineData("/v1/messages/count_tokens", """{"model":"alpha","messages":[{"role":"user","content":5}]}""", "messages[0].content")]
    [InlineData("/v1/messages/count_tokens", """{"model":"alpha","messages":[{"role":"user","content":[{"type":"hologram"}]}]}""", "messages[0].content[0].type")]
    [InlineData("/v1/responses/input_tokens", """{"model":"alpha","input":"Q","tools":[{"type":"code_interpreter"}]}""", "tools[0].type")]
    public async Task A_count_of_what_cannot_be_read_is_refused_in_the_callers_dialect(string path, string body, string names)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);

        var refused = await server.PostAsync(path, body);

        Assert.Equal((400, "client, body"), (refused.Status, refused.Header("x-milliways-failed")));
        Assert.Contains(names, refused.Text, StringComparison.Ordinal);
        Assert.Equal(path.Contains("messages", StringComparison.Ordinal) ? "anthropic" : "xai", PathTests.DialectOf(refused.Json));
        Assert.Empty(lab.Received);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"r","messages":[{"role":"user","content":"Q"}],"stop":["END"]}""", "leave stop out")]
    [InlineData("/v1/messages", """{"model":"r","max_tokens":5,"messages":[{"role":"user","content":"Q"}],"stop_sequences":["END"]}""", "leave stop_sequences out")]
    public async Task Stop_sequences_that_an_upstream_does_not_have_are_refused_by_the_name_that_the_caller_gave_them(string path, string body, string says)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": { "dialect": "openai-responses", "baseUrl": "{{lab.Url}}/v1", "models": ["r"] } } }""");

        var refused = await server.PostAsync(path, body);

        Assert.Equal(400, refused.Status);
        Assert.Contains(says, refused.Text, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model":"claude-x","input":"x"}""")]
    [InlineData("/v1/images/generations", """{"model":"claude-x","prompt":"x"}""")]
    public async Task A_model_that_does_not_do_it_is_refused_by_the_endpoints_path(string path, string body)
    {
        await using var claude = new FakeUpstream();
        await using var server = await TestServer.WithClaudeAsync(claude);

        var refused = await server.PostAsync(path, body);

        Assert.Equal(400, refused.Status);
        Assert.Contains($"does not serve {path}: choose another model", refused.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"mode\":\"on\"}", 400)]
    [InlineData("{\"mode\":\"off\",\"mode\":\"on\"}", 400)]
    [InlineData("{\"max_search_results\":3,\"mode\":\"auto\"}", 200)]
    [InlineData("null", 200)]
    public async Task A_search_is_refused_by_every_upstream_that_is_not_xai(string parameters, int status)
    {
        await using var lab = new FakeUpstream();
        await using var xai = new FakeUpstream();
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}}, "xai": { "preset": "xai", "baseUrl": "{{xai.Url}}/v1", "apiKey": "sk-xai" } } }""");
        string Ask(string model) => Answers.Ask(model, more: ",\"search_parameters\":" + parameters);

        var answer = await server.PostAsync("/v1/chat/completions", Ask("alpha"));
        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 200 ? 1 : 0, lab.Received.Count);
        if (status == 400)
            Assert.Contains("search_parameters", answer.Text, StringComparison.Ordinal);

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Ask("xai/grok-beta"))).Status);
        Assert.Equal(Ask("grok-beta"), xai.Last.Text);
    }

    [Fact]
    public async Task Embeddings_go_through_with_the_models_name_edited()
    {
        const string Body = """{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPw=="}],"model":"e","usage":{"prompt_tokens":1,"total_tokens":1}}""";
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Body));
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync("/v1/embeddings", """{"input":["a"],"model":"lab/e", "encoding_format":"base64"}""");

        Assert.Equal((200, Body), (answer.Status, answer.Text));
        Assert.Equal(("/v1/embeddings", """{"input":["a"],"model":"e", "encoding_format":"base64"}"""), (lab.Last.Target, lab.Last.Text));
        lab.Then(turn => turn.WholeAsync("""{"error":"x"}"""));
        Assert.Equal(502, (await server.PostAsync("/v1/embeddings", """{"input":"a","model":"lab/e"}""")).Status);
        Assert.Equal(400, (await server.PostAsync("/v1/tokenize-text", """{"text":"a","model":"lab/e"}""")).Status);
    }

    private static (int, int, int) Usage(JsonElement answer)
    {
        var usage = answer.GetProperty("usage");
        return (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32(), usage.GetProperty("total_tokens").GetInt32());
    }
}
