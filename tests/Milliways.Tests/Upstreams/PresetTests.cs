using System.Text.Json;
using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Upstreams;

/// <summary>Every preset over the wire: an upstream of its kind, moved to a fake by the environment, as its users would move it.</summary>
public sealed class PresetTests
{
    /// <summary>Preset, what stands behind the host in its address, the target of a chat, and the header of its key.</summary>
    public static TheoryData<string, string, string, string> Chats => new()
    {
        { "xai", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "openai", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "anthropic", "", "/v1/messages", "x-api-key: k" },
        { "azure-openai", "", "/openai/v1/chat/completions", "api-key: k" },
        { "azure-openai", "/openai/deployments/d", "/openai/deployments/d/chat/completions?api-version=2024-10-21", "api-key: k" },
        { "mistral", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "groq", "/openai/v1", "/openai/v1/chat/completions", "Authorization: Bearer k" },
        { "deepseek", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "openrouter", "/api/v1", "/api/v1/chat/completions", "Authorization: Bearer k" },
        { "together", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "cerebras", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "perplexity", "", "/chat/completions", "Authorization: Bearer k" },
        { "ollama", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "vllm", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "sglang", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "llama.cpp", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
        { "lmstudio", "/v1", "/v1/chat/completions", "Authorization: Bearer k" },
    };

    [Theory]
    [MemberData(nameof(Chats))]
    public async Task A_preset_that_the_environment_makes_is_reached_at_its_path_with_its_key(string name, string path, string target, string key)
    {
        var preset = Presets.Find(name)!;
        await using var fake = new FakeUpstream(turn => turn.WholeAsync(preset.Dialect == UpstreamDialect.Anthropic ? Answers.Messages : Answers.Chat));
        var query = target.Contains('?', StringComparison.Ordinal) ? target[target.IndexOf('?', StringComparison.Ordinal)..] : "";
        await using var server = await TestServer.StartAsync(environment: new()
        {
            [preset.Variable + "_API_KEY"] = "k",
            [preset.Variable + "_BASE_URL"] = fake.Url + path + query,
        });

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask(name + "/some-model"));

        Assert.Equal((200, $"{name}/some-model"), (answer.Status, answer.Header("x-milliways-upstream")));
        Assert.Equal(target, fake.Last.Target);
        var (header, value) = (key.Split(": ")[0], key.Split(": ")[1]);
        Assert.Equal(value, fake.Last.Header(header));
        foreach (var other in new[] { "Authorization", "x-api-key", "api-key", "x-goog-api-key" }.Where(other => other != header))
            Assert.Null(fake.Last.Header(other));
        Assert.Equal("identity", fake.Last.Header("Accept-Encoding"));
        Assert.Equal("some-model", JsonDocument.Parse(fake.Last.Body).RootElement.GetProperty("model").GetString());
    }

    [Fact]
    public void Every_preset_is_sent_a_chat_above_but_googles_whose_dialect_has_its_own_tests()
    {
        var sent = Chats.Select(row => row.Data.Item1).ToHashSet();
        Assert.Equal(["google"], Presets.Names.Where(name => !sent.Contains(name)));
        Assert.Equal(17, Presets.Names.Count());
    }

    [Fact]
    public void Presets_that_have_an_address_have_the_public_one_and_servers_of_ones_own_the_loopbacks()
    {
        foreach (var preset in Presets.Everything.Where(preset => preset.BaseUrl is not null))
        {
            Assert.True(UpstreamAddress.TryParse(preset.BaseUrl!, out var address), preset.Name);
            Assert.Equal(preset.Hosted, !address.IsLocal);
            Assert.StartsWith(preset.Hosted ? "https://" : "http://127.0.0.1:", preset.BaseUrl, StringComparison.Ordinal);
            Assert.Equal(preset.Hosted ? 60 : 4, preset.IdleConnection.TotalSeconds);
        }
        Assert.Equal(Presets.Everything.Count, Presets.Everything.Select(preset => preset.Variable).Distinct().Count());
    }

    [Theory]
    [InlineData("xai", "stream_options")]
    [InlineData("groq", "stream_options")]
    [InlineData("mistral", null)]
    public async Task Usage_is_asked_for_on_streams_but_not_of_those_who_refuse_to_be_asked(string name, string? asked)
    {
        await using var fake = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await WithAsync(name, fake);

        await server.PostAsync("/v1/chat/completions", Answers.Ask("p/m", stream: true)); // same dialect
        Assert.Equal(asked is not null, fake.Last.Text.Contains("stream_options", StringComparison.Ordinal));
        await server.PostAsync("/v1/messages", Answers.Say("p/m", stream: true)); // crossed
        Assert.Equal(asked is not null, fake.Last.Text.Contains("stream_options", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("openai", "max_completion_tokens", "top_k")]
    [InlineData("azure-openai", "max_completion_tokens", "top_k")]
    [InlineData("mistral", "max_tokens", "top_k")]
    [InlineData("vllm", "max_tokens", null)]
    public async Task The_output_bound_has_the_name_that_the_upstream_takes_and_what_it_refuses_is_named(string name, string bound, string? dropped)
    {
        await using var fake = new FakeUpstream();
        await using var server = await WithAsync(name, fake);

        var answer = await server.PostAsync("/v1/messages", Answers.Say("p/m", more: ",\"top_k\":3"));

        Assert.Equal(200, answer.Status);
        var body = JsonDocument.Parse(fake.Last.Body).RootElement;
        Assert.Equal(64, body.GetProperty(bound).GetInt32());
        Assert.Equal(dropped is null, body.TryGetProperty("top_k", out _));
        Assert.Equal(dropped, answer.Header("x-milliways-dropped"));
    }

    [Fact]
    public async Task Perplexity_gets_turns_that_alternate_and_others_get_them_as_they_were()
    {
        const string Turns = """{"model":"p/m","max_tokens":9,"system":"S","messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"},{"role":"user","content":"d"}]}""";
        foreach (var (name, roles) in new[] { ("perplexity", "system user assistant user"), ("together", "system user user assistant user") })
        {
            await using var fake = new FakeUpstream();
            await using var server = await WithAsync(name, fake);
            await server.PostAsync("/v1/messages", Turns);
            Assert.Equal(roles, string.Join(' ', JsonDocument.Parse(fake.Last.Body).RootElement.GetProperty("messages").EnumerateArray().Select(turn => turn.GetProperty("role").GetString())));
            Assert.Contains("b", fake.Last.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Mistral_gets_ids_of_nine_letters_for_a_call_and_its_result_alike()
    {
        await using var fake = new FakeUpstream();
        await using var server = await WithAsync("mistral", fake);

        await server.PostAsync("/v1/messages", """
            {"model":"p/m","max_tokens":9,"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"a"},
             {"role":"assistant","content":[{"type":"tool_use","id":"toolu_01ABCDEFGHIJ","name":"f","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01ABCDEFGHIJ","content":"r"}]}]}
            """);

        var turns = JsonDocument.Parse(fake.Last.Body).RootElement.GetProperty("messages");
        var id = turns[1].GetProperty("tool_calls")[0].GetProperty("id").GetString()!;
        Assert.Matches("^[a-zA-Z0-9]{9}$", id);
        Assert.Equal(id, turns[2].GetProperty("tool_call_id").GetString());
    }

    [Fact]
    public async Task An_upstream_that_no_preset_knows_is_configuration_only()
    {
        await using var fake = new FakeUpstream();
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "p": { "dialect": "openai-chat", "baseUrl": "{{fake.Url}}/serverless/v2?tenant=7", "headers": { "api-token": "env:TOKEN" }, "models": ["m"] } } }""",
            environment: new() { ["TOKEN"] = "t0" });

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask("m"))).Status);

        Assert.Equal(("/serverless/v2/chat/completions?tenant=7", "t0", (string?)null), (fake.Last.Target, fake.Last.Header("api-token"), fake.Last.Header("Authorization")));
    }

    [Fact]
    public async Task Azures_key_without_an_address_is_told_and_keeps_nothing_from_working()
    {
        await using var server = await TestServer.StartAsync(environment: new() { ["AZURE_OPENAI_API_KEY"] = "k" });
        var warning = Assert.Single(server.Service<Milliways.Routing.LiveRouting>().Table.Upstreams.Warnings);
        Assert.Contains("AZURE_OPENAI_BASE_URL", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flavour_makes_any_chat_upstream_one_of_xais_kind_and_takes_it_from_one_of_theirs()
    {
        await using var fake = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "like": { "dialect": "openai-chat", "baseUrl": "{{fake.Url}}/v1", "flavour": "xai", "models": ["a"] },
                             "xai": { "preset": "xai", "baseUrl": "{{fake.Url}}/v1", "apiKey": "k", "flavour": "openai" } } }
            """);

        await server.PostAsync("/v1/chat/completions", Answers.Ask("a"), ("x-grok-conv-id", "c7"));
        Assert.Equal("c7", fake.Last.Header("x-grok-conv-id"));
        await server.PostAsync("/v1/chat/completions", Answers.Ask("xai/grok-4"), ("x-grok-conv-id", "c7"));
        Assert.Null(fake.Last.Header("x-grok-conv-id"));
        var set = server.Service<Milliways.Routing.LiveRouting>().Table.Upstreams;
        Assert.Equal((true, false), (set.Find("like")!.Traits.LiveSearch, set.Find("xai")!.Traits.LiveSearch));
    }

    private static Task<TestServer> WithAsync(string preset, FakeUpstream fake) =>
        TestServer.StartAsync($$"""{ "upstreams": { "p": { "preset": "{{preset}}", "baseUrl": "{{fake.Url}}/v1", "apiKey": "k" } } }""");
}
