using Milliways.Tests.Support;

namespace Milliways.Tests.Routing;

/// <summary>The rules of the router in their order, seen from the front door.</summary>
public sealed class RouterTests
{
    private static async Task<string> AnswererAsync(TestServer server, string model) =>
        (await server.PostAsync("/v1/chat/completions", Answers.Ask(model))) is { Status: 200 } answer ? answer.Header("x-milliways-upstream")! : "none";

    private static string Upstream(FakeUpstream fake, string models) => $$"""{ "dialect": "openai-chat", "baseUrl": "{{fake.Url}}/v1", "models": [{{models}}] }""";

    [Fact]
    public async Task The_first_rule_that_knows_a_name_wins()
    {
        await using var fake = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "lab": {{Upstream(fake, "\"alpha\", \"beta\", \"grok-lab\"")}}, "lab2": {{Upstream(fake, "\"beta\", \"lab/gamma\"")}},
                             "real": { "preset": "xai", "baseUrl": "{{fake.Url}}/v1", "apiKey": "xai-k" } },
              "models": { "beta": { "attempts": [ { "upstream": "lab2", "model": "b2" } ] }, "fast": { "alias": "lab/alpha" }, "faster": { "alias": "fast" },
                          "lab/alias": { "alias": "alpha" }, "grok-beta": { "alias": "lab/mine" }, "described": { "context": 1000 } } }
            """);

        Assert.Equal("lab2/b2", await AnswererAsync(server, "beta")); // the operator's entry before who lists it
        Assert.Equal("lab/alpha", await AnswererAsync(server, "fast"));
        Assert.Equal("lab/alpha", await AnswererAsync(server, "faster"));
        Assert.Equal("lab/alpha", await AnswererAsync(server, "lab/alias")); // an entry before upstream/model
        Assert.Equal("lab/mine", await AnswererAsync(server, "grok-beta")); // an entry before the preset's family
        Assert.Equal("lab/gamma", await AnswererAsync(server, "lab/gamma")); // upstream/model before who lists it
        Assert.Equal("lab/a/b/c", await AnswererAsync(server, "lab/a/b/c"));
        Assert.Equal("lab/alpha", await AnswererAsync(server, "alpha"));
        Assert.Equal("lab/grok-lab", await AnswererAsync(server, "grok-lab")); // a listed name before the family
        Assert.Equal("real/grok-4", await AnswererAsync(server, "grok-4"));
        Assert.Equal("none", await AnswererAsync(server, "described")); // facts alone serve nothing
        foreach (var nobody in new[] { "ALPHA", "lab/", "/alpha", "nobody/alpha", "x" })
            Assert.Equal("none", await AnswererAsync(server, nobody));
    }

    [Fact]
    public async Task An_alias_of_itself_says_so()
    {
        await using var server = await TestServer.StartAsync("""{ "models": { "a": { "alias": "b" }, "b": { "alias": "a" } } }""");
        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("a"));
        Assert.Equal(400, answer.Status);
        Assert.Contains("alias of itself", answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_model_is_a_404_that_names_model_and_team()
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("nope"));
        Assert.Equal(404, answer.Status);
        Assert.StartsWith($"The model nope does not exist or your team {Guid.ParseExact(server.Account, "N"):D} does not have access to it.", answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal("not_found_error", (await server.PostAsync("/v1/messages", Answers.Say("nope"))).Json.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Keys_in_the_environment_make_their_presets()
    {
        await using var fake = new FakeUpstream(turn => turn.WholeAsync(turn.Request.Target == "/v1/messages" ? Answers.Messages : Answers.Chat));
        await using var server = await TestServer.StartAsync(environment: new()
        {
            ["XAI_API_KEY"] = "xai-env", ["XAI_BASE_URL"] = fake.Url + "/v1", ["ANTHROPIC_API_KEY"] = "sk-ant", ["ANTHROPIC_BASE_URL"] = fake.Url, ["GROQ_API_KEY"] = " ", ["MISTRAL_BASE_URL"] = "",
        });

        Assert.Equal("xai/grok-beta", await AnswererAsync(server, "grok-beta"));
        Assert.Equal("Bearer xai-env", fake.Last.Header("Authorization"));
        Assert.Equal("xai/grok-vision-beta", await AnswererAsync(server, "grok-vision-beta"));
        Assert.Equal("anthropic/claude-3", await AnswererAsync(server, "claude-3"));
        Assert.Equal(("sk-ant", "/v1/messages"), (fake.Last.Header("x-api-key"), fake.Last.Target));
        Assert.Equal("none", await AnswererAsync(server, "groq/x"));
        Assert.Equal("none", await AnswererAsync(server, "gpt-4"));
    }

    [Fact]
    public async Task A_bare_host_in_the_environment_means_the_path_that_its_sdk_is_given()
    {
        await using var fake = new FakeUpstream();
        foreach (var (form, target) in new[] { ("", "/v1/chat/completions"), ("/", "/v1/chat/completions"), ("/v1", "/v1/chat/completions"), ("/api", "/api/chat/completions") })
        {
            await using var server = await TestServer.StartAsync(environment: new() { ["XAI_API_KEY"] = "k", ["XAI_BASE_URL"] = fake.Url + form });
            Assert.Equal("xai/grok-4", await AnswererAsync(server, "grok-4"));
            Assert.Equal(target, fake.Last.Target);
        }
    }

    [Fact]
    public async Task A_refusal_before_anything_was_asked_names_no_upstream()
    {
        await using var fake = new FakeUpstream(turn => turn.WholeAsync("""{"error":{"message":"no"}}""", 400));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "off": { "preset": "anthropic", "baseUrl": "{{fake.Url}}", "apiKey": "env:NOT_SET" }, "lab": {{Upstream(fake, "\"alpha\"")}} } }
            """);

        var off = await server.PostAsync("/v1/chat/completions", Answers.Ask("off/x"));
        var asked = await server.PostAsync("/v1/chat/completions", Answers.Ask("alpha"));

        Assert.Equal((503, null, null), (off.Status, off.Header("x-milliways-upstream"), off.Header("x-milliways-attempts")));
        Assert.Equal((400, "lab/alpha", "1"), (asked.Status, asked.Header("x-milliways-upstream"), asked.Header("x-milliways-attempts")));
    }

    [Fact]
    public async Task A_moved_openai_server_takes_every_name_that_nobody_else_knows()
    {
        await using var fake = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "lab": {{Upstream(fake, "\"alpha\"")}} } }""", environment: new() { ["OPENAI_BASE_URL"] = fake.Url + "/v1" });

        Assert.Equal("openai/anything/at-all", await AnswererAsync(server, "anything/at-all"));
        Assert.Null(fake.Last.Header("Authorization"));
        Assert.Equal("lab/alpha", await AnswererAsync(server, "alpha"));
        // The stand-in's names stay its own, so that a laptop's local server does not answer for grok by accident.
        Assert.Equal("none", await AnswererAsync(server, "grok-beta"));
    }

    [Fact]
    public async Task Without_an_engine_the_stand_ins_names_say_what_to_do()
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("grok-beta"));
        Assert.Equal((503, "overload"), (answer.Status, answer.Header("x-milliways-refused")));
        Assert.NotNull(answer.Header("Retry-After"));
        Assert.Contains("XAI_API_KEY", answer.Text, StringComparison.Ordinal);
        Assert.Equal(503, (await server.PostAsync("/v1/embeddings", """{"model":"v1","input":"a"}""")).Status);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task Images_without_an_upstream_that_sees_are_a_400_that_names_the_remedy(string path)
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync(path, Answers.Say("grok-vision-beta"));
        Assert.Equal(400, answer.Status);
        Assert.Contains("XAI_API_KEY", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_whose_secret_cannot_be_read_is_off_by_name_and_nothing_else_is()
    {
        await using var fake = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "envless": { "preset": "anthropic", "baseUrl": "{{fake.Url}}", "apiKey": "env:NOT_SET" },
                             "fileless": { "dialect": "openai-chat", "baseUrl": "{{fake.Url}}/v1", "apiKey": "file:/nowhere/key" },
                             "lab": {{Upstream(fake, "\"alpha\"")}} },
              "models": { "both": { "attempts": [ { "upstream": "envless", "model": "claude-x" }, { "upstream": "lab", "model": "beta" } ] } } }
            """);

        foreach (var (model, name, reason) in new[] { ("envless/claude-x", "envless", "NOT_SET"), ("claude-x", "envless", "NOT_SET"), ("fileless/x", "fileless", "/nowhere/key") })
        {
            var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask(model));
            Assert.Equal(503, answer.Status);
            Assert.Contains($"The upstream {name} is switched off", answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
            Assert.Contains(reason, answer.Text, StringComparison.Ordinal);
        }
        Assert.Equal("lab/alpha", await AnswererAsync(server, "alpha"));
        var both = await server.PostAsync("/v1/chat/completions", Answers.Ask("both"));
        Assert.Equal(("lab/beta", "2"), (both.Header("x-milliways-upstream"), both.Header("x-milliways-attempts")));
        Assert.Equal(1, fake.Received.Count(request => request.Text.Contains("beta", StringComparison.Ordinal)));
    }
}
