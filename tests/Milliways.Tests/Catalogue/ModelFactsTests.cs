using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Catalogue;

/// <summary>Model lists tell of who really serves a name: context, inputs, owner, aliases, prices.</summary>
public sealed class ModelFactsTests
{
    private static Task<TestServer> ServerAsync() => TestServer.StartAsync("""
        { "upstreams": { "xai": { "preset": "xai", "apiKey": "k" },
                         "lab": { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:1/v1", "models": ["alpha"], "provider": "our-lab",
                                  "prices": { "alpha": { "input": "1", "output": "2" }, "*": { "input": "3", "output": "4" } } },
                         "claude": { "preset": "anthropic", "apiKey": "k", "models": ["claude-x"] },
                         "azure": { "preset": "azure-openai", "baseUrl": "https://a.openai.azure.com", "apiKey": "k", "models": ["dep"] } },
          "models": { "grok-beta": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "context": 9000 },
                      "nick": { "alias": "grok-4-latest" },
                      "nicker": { "alias": "nick", "context": 1000, "inputs": ["text", "image"], "maxOutput": 50 },
                      "plain": { "attempts": [ { "upstream": "lab", "model": "omega" }, { "upstream": "claude", "model": "claude-x" } ] },
                      "dear": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "7", "output": "8" } },
                      "lost": { "alias": "nobody-knows" } } }
        """);

    [Theory]
    [InlineData("grok-beta", 9000, "text", "xai", "lab/alpha", 50000)] // a catalogue name overrides only what it names
    [InlineData("nick", 256000, "text image", "xai", "xai/grok-4-latest", 30000)]
    [InlineData("nicker", 1000, "text image", "xai", "xai/grok-4-latest", 30000)]
    [InlineData("plain", null, "text", "our-lab", "lab/omega", 30000)]
    [InlineData("dear", null, "text", "our-lab", "lab/alpha", 70000)]
    [InlineData("alpha", null, "text", "our-lab", "lab/alpha", 10000)]
    [InlineData("lab/alpha", null, "text", "our-lab", "lab/alpha", 10000)]
    [InlineData("claude-x", null, "text", "anthropic", "claude/claude-x", 0)]
    [InlineData("dep", null, "text", "azure-openai", "azure/dep", 0)]
    [InlineData("grok-2-vision-1212", 32768, "text image", "xai", "xai/grok-2-vision-1212", 20000)]
    [InlineData("lost", null, "text", "none", "none", 0)]
    public async Task A_name_has_the_facts_of_what_serves_it_under_what_the_operator_says(string name, int? context, string inputs, string owner, string servedBy, int price)
    {
        await using var server = await ServerAsync();

        var model = (await server.GetAsync("/v1/language-models/" + name)).Json;

        Assert.Equal(name, model.GetProperty("id").GetString());
        Assert.Equal(context, model.TryGetProperty("context_length", out var length) ? length.GetInt32() : null);
        Assert.Equal(inputs, string.Join(' ', model.GetProperty("input_modalities").EnumerateArray().Select(input => input.GetString())));
        Assert.Equal((owner, servedBy, price), (model.GetProperty("owned_by").GetString(), model.GetProperty("served_by").GetString(), model.GetProperty("prompt_text_token_price").GetInt32()));

        var plain = (await server.GetAsync("/v1/models/" + name)).Json;
        Assert.Equal((name, owner, servedBy), (plain.GetProperty("id").GetString(), plain.GetProperty("owned_by").GetString(), plain.GetProperty("served_by").GetString()));
        Assert.Equal(context, plain.TryGetProperty("context_length", out length) ? length.GetInt32() : null);
    }

    [Fact]
    public async Task Anthropics_shape_has_the_same_bounds()
    {
        await using var server = await ServerAsync();
        var model = (await server.GetAsync("/v1/models/nicker", ("anthropic-version", "2023-06-01"))).Json;
        Assert.Equal((1000, 50), (model.GetProperty("max_input_tokens").GetInt32(), model.GetProperty("max_tokens").GetInt32()));
        Assert.Equal(JsonValueKind.Null, (await server.GetAsync("/v1/models/plain", ("anthropic-version", "2023-06-01"))).Json.GetProperty("max_input_tokens").ValueKind);
    }

    [Fact]
    public async Task Aliases_of_the_catalogue_stand_at_their_model_once()
    {
        await using var server = await ServerAsync();
        var items = (await server.GetAsync("/v1/language-models")).Json.GetProperty("models").EnumerateArray().ToList();
        Assert.Contains("grok-4-latest", items.Single(item => item.GetProperty("id").GetString() == "grok-4-0709").GetProperty("aliases").EnumerateArray().Select(alias => alias.GetString()));
        Assert.Equal(items.Count, items.Select(item => item.GetProperty("id").GetString()).Distinct().Count());
    }

    [Theory]
    [InlineData("anthropic", "claude-sonnet-4-6", 1000000, 64000, 30000)]
    [InlineData("anthropic", "claude-opus-4-20250514", 200000, 32000, 150000)]
    [InlineData("anthropic", "claude-opus-4-0", 200000, 32000, 150000)]
    [InlineData("anthropic", "claude-sonnet-4-5-20250929", null, 64000, 30000)]
    [InlineData("openai", "gpt-4o-2024-11-20", 128000, 16384, 25000)]
    [InlineData("openai", "gpt-4o-mini", 128000, 16384, 1500)]
    [InlineData("openai", "gpt-5.2-chat-latest", 128000, 16384, 17500)]
    [InlineData("google", "gemini-2.5-pro", 1048576, 65536, 12500)]
    [InlineData("google", "gemini-flash-latest", 1048576, 65536, 3000)]
    [InlineData("openai", "gpt-4o-audio-preview", null, null, 0)]
    [InlineData("openai", "gpt-45", null, null, 0)]
    [InlineData("groq", "gpt-4o", null, null, 0)] // another host's business
    public async Task Other_makers_models_have_the_bounds_and_prices_that_are_known_of_them(string preset, string name, int? context, int? output, int price)
    {
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "up": { "preset": "{{preset}}", "apiKey": "k", "models": ["{{name}}"] } } }""");
        var model = (await server.GetAsync("/v1/models/" + name, ("anthropic-version", "2023-06-01"))).Json;
        static int? Count(JsonElement count) => count.ValueKind == JsonValueKind.Number ? count.GetInt32() : null;
        Assert.Equal((context, output), (Count(model.GetProperty("max_input_tokens")), Count(model.GetProperty("max_tokens"))));
        var item = (await server.GetAsync("/v1/language-models/" + name)).Json;
        Assert.Equal((preset, price), (item.GetProperty("owned_by").GetString(), item.GetProperty("prompt_text_token_price").GetInt32()));
    }

    [Fact]
    public async Task A_chat_that_sets_no_bound_asks_anthropic_for_the_models_own()
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync("""{"type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"""));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "claude": { "preset": "anthropic", "baseUrl": "{{claude.Url}}", "apiKey": "k" } } }""");
        foreach (var (name, most) in new[] { ("claude-sonnet-4-6", 64000), ("claude-3-5-sonnet-20241022", 8192), ("claude-unheard-of", 4096) })
        {
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask(name))).Status);
            Assert.Equal(most, JsonDocument.Parse(claude.Last.Body).RootElement.GetProperty("max_tokens").GetInt32());
        }
    }
}
