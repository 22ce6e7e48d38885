using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Upstreams;

/// <summary>Upstreams of the Chat dialect that answer Responses too: bytes of both dialects pass.</summary>
public sealed class AlsoResponsesTests
{
    [Theory]
    [InlineData("XAI", "xai", "/v1", "/v1/responses")]
    [InlineData("OPENAI", "openai", "/v1", "/v1/chat/completions")]
    [InlineData("AZURE_OPENAI", "azure-openai", "", "/openai/v1/responses")]
    [InlineData("AZURE_OPENAI", "azure-openai", "/openai/deployments/d?api-version=1", "/openai/deployments/d/chat/completions?api-version=1")]
    [InlineData("GROQ", "groq", "/v1", "/v1/chat/completions")]
    public async Task A_moved_preset_is_asked_where_its_server_is_known_to_answer(string variable, string upstream, string path, string target)
    {
        await using var fake = new FakeUpstream(AnswerAsync);
        await using var server = await TestServer.StartAsync(environment: new() { [variable + "_API_KEY"] = "k", [variable + "_BASE_URL"] = fake.Url + path });
        Assert.Equal(200, (await server.PostAsync("/v1/responses", $$"""{"model":"{{upstream}}/m","input":"Hello"}""")).Status);
        Assert.Equal(target, fake.Last.Target);
    }

    [Theory]
    [InlineData("openai", "https://api.openai.com/v1", true)]
    [InlineData("openai", "https://api.openai.com/v1/", true)]
    [InlineData("openai", "https://llm.corp/v1", false)]
    [InlineData("xai", "https://api.x.ai/v1", true)]
    [InlineData("mistral", "https://api.mistral.ai/v1", false)]
    public void A_preset_answers_responses_at_home(string preset, string address, bool does) =>
        Assert.Equal(does, Presets.Find(preset)!.HasResponsesAt(UpstreamAddress.Parse(address)));

    [Theory]
    [InlineData("\"preset\": \"xai\", \"responses\": false", "/v1/chat/completions")]
    [InlineData("\"preset\": \"openai\", \"responses\": true", "/v1/responses")]
    [InlineData("\"dialect\": \"openai-chat\", \"responses\": true", "/v1/responses")]
    [InlineData("\"dialect\": \"openai-chat\"", "/v1/chat/completions")]
    public async Task The_file_says_otherwise(string members, string target)
    {
        await using var fake = new FakeUpstream(AnswerAsync);
        await using var server = await StartAsync(fake, members);
        Assert.Equal(200, (await server.PostAsync("/v1/responses", """{"model":"one/m","input":"Hello"}""")).Status);
        Assert.Equal(target, fake.Last.Target);
    }

    [Fact]
    public async Task Hosted_tools_and_encrypted_reasoning_pass_and_the_other_fronts_use_chat()
    {
        await using var fake = new FakeUpstream(AnswerAsync);
        await using var server = await StartAsync(fake, "\"preset\": \"xai\"");
        const string Body = """{"model":"one/m", "input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"},{"role":"user","content":"q"}],"include":["reasoning.encrypted_content"],"tools":[{"type":"web_search"}]}""";
        var answer = await server.PostAsync("/v1/responses", Body, ("x-milliways-strict", "true"));
        Assert.Equal((200, Answers.Responses, null), (answer.Status, answer.Text, answer.Header("x-milliways-dropped")));
        Assert.Equal(("/v1/responses", Body.Replace("one/m", "m", StringComparison.Ordinal)), (fake.Last.Target, fake.Last.Text));

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask("one/m"))).Status);
        Assert.Equal("/v1/chat/completions", fake.Last.Target);
        Assert.Equal(200, (await server.PostAsync("/v1/messages", Answers.Say("one/m"))).Status);
        Assert.Equal("/v1/chat/completions", fake.Last.Target);
    }

    [Fact]
    public async Task It_is_given_its_own_previous_id_and_asked_to_delete_what_it_holds()
    {
        await using var fake = new FakeUpstream(AnswerAsync);
        await using var server = await StartAsync(fake, "\"preset\": \"xai\"");
        await server.PostAsync("/v1/responses", """{"model":"one/m","input":"Hello"}""");
        fake.Then(turn => turn.WholeAsync(Answers.Responses.Replace("resp_up", "resp_two", StringComparison.Ordinal)));
        const string Next = """{"model":"one/m","input":"Next","previous_response_id":"resp_up"}""";
        Assert.Equal(200, (await server.PostAsync("/v1/responses", Next)).Status);
        Assert.Equal(Next.Replace("one/m", "m", StringComparison.Ordinal), fake.Last.Text);
        Assert.Equal(200, (await server.SendAsync("DELETE", "/v1/responses/resp_two", null)).Status);
        Assert.Equal(("DELETE", "/v1/responses/resp_two"), (fake.Last.Method, fake.Last.Target));
    }

    [Fact]
    public async Task A_streams_request_that_it_answers_whole_is_read_in_the_dialect_it_came_in()
    {
        await using var fake = new FakeUpstream(AnswerAsync);
        await using var server = await StartAsync(fake, "\"preset\": \"xai\"");
        var answer = await server.PostAsync("/v1/responses", """{"model":"one/m","input":"Hello","stream":true}""");
        Assert.Equal(200, answer.Status);
        Assert.Contains("event: response.completed", answer.Text, StringComparison.Ordinal);
        Assert.Contains("\"text\":\"Hi\"", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_refusal_is_told_in_its_own_words()
    {
        await using var fake = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"no such tool","type":"invalid_request_error","param":"tools","code":null}}""", status: 400));
        await using var server = await StartAsync(fake, "\"preset\": \"xai\"");
        var answer = await server.PostAsync("/v1/responses", """{"model":"one/m","input":"Hello"}""");
        Assert.Equal(400, answer.Status);
        Assert.Contains("no such tool", answer.Text, StringComparison.Ordinal);
    }

    private static Task AnswerAsync(UpstreamTurn turn) => turn.WholeAsync(turn.Request.Target.Contains("/responses", StringComparison.Ordinal) ? Answers.Responses : Answers.Chat);

    private static Task<TestServer> StartAsync(FakeUpstream fake, string members) =>
        TestServer.StartAsync($$"""{ "upstreams": { "one": { {{members}}, "baseUrl": "{{fake.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" } } }""");
}
