using System.Text.Json;
using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Compat: one dialect for every provider (cloudflare 1.6, 1.7).</summary>
public sealed class CompatTests
{
    [Theory]
    [InlineData("openai/gpt-5-mini", "api.openai.com/v1/chat/completions", "gpt-5-mini", "Authorization", "Bearer sk-caller")]
    [InlineData("grok/grok-4", "api.x.ai/v1/chat/completions", "grok-4", "Authorization", "Bearer sk-caller")]
    [InlineData("xai/grok-4", "api.x.ai/v1/chat/completions", "grok-4", "Authorization", "Bearer sk-caller")]
    [InlineData("groq/llama/3", "api.groq.com/openai/v1/chat/completions", "llama/3", "Authorization", "Bearer sk-caller")]
    [InlineData("mistral/mistral-large", "api.mistral.ai/v1/chat/completions", "mistral-large", "Authorization", "Bearer sk-caller")]
    [InlineData("deepseek/deepseek-chat", "api.deepseek.com/chat/completions", "deepseek-chat", "Authorization", "Bearer sk-caller")]
    [InlineData("perplexity/sonar", "api.perplexity.ai/chat/completions", "sonar", "Authorization", "Bearer sk-caller")]
    [InlineData("perplexity-ai/sonar", "api.perplexity.ai/chat/completions", "sonar", "Authorization", "Bearer sk-caller")]
    [InlineData("cerebras/llama", "api.cerebras.ai/v1/chat/completions", "llama", "Authorization", "Bearer sk-caller")]
    [InlineData("cohere/command", "api.cohere.ai/compatibility/v1/chat/completions", "command", "Authorization", "Bearer sk-caller")]
    [InlineData("openrouter/a/b:free", "openrouter.ai/api/v1/chat/completions", "a/b:free", "Authorization", "Bearer sk-caller")]
    [InlineData("fireworks/f", "api.fireworks.ai/inference/v1/chat/completions", "f", "Authorization", "Bearer sk-caller")]
    [InlineData("baseten/openai/gpt-oss-120b", "inference.baseten.co/v1/chat/completions", "openai/gpt-oss-120b", "Authorization", "Bearer sk-caller")]
    [InlineData("parallel/speed", "api.parallel.ai/chat/completions", "speed", "x-api-key", "sk-caller")]
    [InlineData("aws-bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "Authorization", "Bearer sk-caller")]
    public async Task A_models_name_leads_to_its_provider_with_the_callers_key(string asked, string target, string model, string header, string value)
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask(asked), server.Own());
        Assert.Equal((200, Answers.Chat), (answer.Status, answer.Text));
        Assert.Equal(("/" + target, model, value), (provider.Last.Target, JsonDocument.Parse(provider.Last.Text).RootElement.GetProperty("model").GetString(), provider.Last.Header(header)));
    }

    [Theory]
    [InlineData("anthropic/claude-x", "/api.anthropic.com/v1/messages", "x-api-key")]
    [InlineData("google-ai-studio/gemini-x", "/generativelanguage.googleapis.com/v1beta/models/gemini-x:generateContent", "x-goog-api-key")]
    public async Task A_provider_of_another_dialect_is_asked_in_its_own_with_the_callers_key(string asked, string target, string header)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(turn.Request.Target.Contains("gemini", StringComparison.Ordinal)
            ? """{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}}"""
            : Answers.Messages));
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask(asked, more: ",\"max_tokens\":9"), server.Own());
        Assert.Equal((200, "chat.completion"), (answer.Status, answer.Json.GetProperty("object").GetString()));
        Assert.Equal((target, "sk-caller"), (provider.Last.Target, provider.Last.Header(header)));
        if (header != "Authorization")
            Assert.Null(provider.Last.Header("Authorization"));
    }

    [Theory]
    [InlineData("/compat/chat/completions")]
    [InlineData("/compat/v1/chat/completions")]
    [InlineData("/compat/v1/chat/completions/")]
    public async Task A_version_in_the_path_is_taken_too_and_streams_stream(string path)
    {
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.WithLabAsync(lab);
        var answer = await server.PostAsync(server.Gateway + path, Answers.Ask("lab/alpha", stream: true));
        Assert.Equal(200, answer.Status);
        Assert.EndsWith(Answers.Done, answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stored_keys_and_custom_providers_serve_compat()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, """{ "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] } }""");
        var gateways = server.Service<GatewayCommands>();
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", null, null, "sk-stored"));
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("openai/gpt"))).Status);
        Assert.Equal("Bearer sk-stored", provider.Last.Header("Authorization"));

        foreach (var (slug, path, target) in new[] { ("bare", "", "/v1/chat/completions"), ("versioned", "/v2", "/v2/chat/completions"), ("deep", "/a/b/", "/a/b/v1/chat/completions") })
        {
            await gateways.AddProviderAsync(OperatorActor.Instance, new AddCustomProvider(null, slug, null, provider.Url + path, null));
            Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask($"custom-{slug}/m/1"))).Status);
            Assert.Equal((target, "m/1", null), (provider.Last.Target, JsonDocument.Parse(provider.Last.Text).RootElement.GetProperty("model").GetString(), provider.Last.Header("Authorization")));
        }
    }

    [Fact]
    public async Task The_list_of_models_names_them_as_compat_takes_them()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "one": { "preset": "groq", "baseUrl": "{{lab.Url}}/v1", "models": ["llama-3"], "prices": { "llama-3": { "input": "5", "output": "15" } } } },
              "models": { "grok-beta": { "attempts": [ { "upstream": "one", "model": "llama-3" } ] } } }
            """);
        foreach (var path in new[] { "/compat/models", "/compat/v1/models" })
        {
            var list = await server.GetAsync(server.Gateway + path);
            Assert.Equal((200, "list"), (list.Status, list.Json.GetProperty("object").GetString()));
            var models = list.Json.GetProperty("data").EnumerateArray().ToDictionary(model => model.GetProperty("id").GetString()!);
            Assert.Equal((0.000005m, 0.000015m), (models["groq/llama-3"].GetProperty("cost_in").GetDecimal(), models["groq/llama-3"].GetProperty("cost_out").GetDecimal()));
            foreach (var id in models.Keys)
                Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask(id))).Status);
            Assert.Contains("grok/grok-beta", models.Keys);
        }
        Assert.Equal((405, 7001), (await server.PostAsync(server.Gateway + "/compat/models", "{}")).Error());
    }

    private static Task<TestServer> WithCatchAllAsync(FakeUpstream all, FakeUpstream providers, string more = "") => GatewayServers.StartAsync(providers, $$"""
        { "upstreams": { "openai": { "preset": "openai", "baseUrl": "{{all.Url}}/v1", "apiKey": "sk-operator" }, "house": { "preset": "vllm", "baseUrl": "{{all.Url}}/house", "models": ["big", "org/small"] } {{more}} } }
        """);

    [Theory]
    [InlineData("nosuch/x")]
    [InlineData("custom-none/x")]
    [InlineData("cloudflare/auto")]
    [InlineData("anthropic/claude-x")]
    [InlineData("grok/grok-none")]
    [InlineData("org/large")]
    [InlineData("gpt-5")]
    [InlineData("whatever")]
    [InlineData("@cf/meta/llama")]
    [InlineData("/x")]
    [InlineData("x/")]
    public async Task A_name_of_no_provider_here_goes_to_nobody_who_would_take_it(string asked)
    {
        await using var all = new FakeUpstream();
        await using var providers = new FakeUpstream();
        await using var server = await WithCatchAllAsync(all, providers);
        foreach (var path in new[] { "chat/completions", "responses", "messages" })
        {
            var answer = await server.PostAsync($"{server.Gateway}/compat/{path}", $$"""{"model":"{{asked}}","max_tokens":9,"input":"Hi","messages":[{"role":"user","content":"Hi"}]}""");
            Assert.Equal((400, 2008), answer.Error());
            Assert.StartsWith("Model not found: " + asked, answer.Message(), StringComparison.Ordinal);
        }
        var step = await server.PostAsync(server.Gateway, $$"""{"provider":"compat","endpoint":"chat/completions","headers":{},"query":{{Answers.Ask(asked)}}}""");
        Assert.Equal((400, 2008), step.Error());
        Assert.Empty(all.Received);
        Assert.Empty(providers.Received);
        if (!asked.Contains('/', StringComparison.Ordinal))
            Assert.Contains("{provider}/{model}", step.Message(), StringComparison.Ordinal);
        // Its own address goes on serving whatever it is asked for.
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("openai/x"))).Status);
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask("whatever-x"))).Status);
    }

    [Theory]
    [InlineData("big", "/house/chat/completions", "big")]
    [InlineData("org/small", "/house/chat/completions", "org/small")]
    [InlineData("house/any", "/house/chat/completions", "any")]
    [InlineData("vllm/any", "/house/chat/completions", "any")]
    public async Task Names_that_the_configuration_gives_are_served(string asked, string target, string model)
    {
        await using var all = new FakeUpstream();
        await using var providers = new FakeUpstream();
        await using var server = await WithCatchAllAsync(all, providers);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask(asked))).Status);
        Assert.Equal((target, model), (all.Last.Target, JsonDocument.Parse(all.Last.Text).RootElement.GetProperty("model").GetString()));
    }

    [Theory]
    [InlineData("nosuch/x")]
    [InlineData("gpt-5")]
    [InlineData("workers-ai/@cf/x")]
    public async Task A_callers_own_key_goes_to_the_provider_that_is_named_and_nowhere_else(string asked)
    {
        await using var all = new FakeUpstream();
        await using var providers = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await WithCatchAllAsync(all, providers, $$""", "east": { "dialect": "openai-chat", "provider": "azure-openai", "baseUrl": "{{all.Url}}/east", "apiKey": "sk-east" } """);
        Assert.Equal((400, 2008), (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask(asked), server.Own())).Error());
        Assert.Empty(all.Received);
        Assert.Empty(providers.Received);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("anthropic/claude-x", more: ",\"max_tokens\":9"), server.Own())).Status);
        Assert.Equal(("/api.anthropic.com/v1/messages", "sk-caller"), (providers.Last.Target, providers.Last.Header("x-api-key")));
        // By an upstream's own name it is that upstream's provider whose key it is.
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("east/gpt"), server.Own())).Status);
        Assert.Equal(("/east/chat/completions", "sk-caller"), (all.Last.Target, all.Last.Header("api-key")));
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_is_told_as_openai_tells_it()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        var missing = await server.PostAsync(server.Gateway + "/compat/chat/completions", """{"model":"lab/alpha"}""");
        Assert.Equal((400, "openai"), (missing.Status, Api.PathTests.DialectOf(missing.Json)));
        lab.Then(turn => turn.WholeAsync("""{"error":{"message":"theirs","type":"x"}}""", 400));
        var refused = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("lab/alpha"));
        Assert.Equal((400, "openai"), (refused.Status, Api.PathTests.DialectOf(refused.Json)));
        Assert.Contains("theirs", refused.Text, StringComparison.Ordinal);
    }
}
