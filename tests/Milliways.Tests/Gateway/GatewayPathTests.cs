using Milliways.Api;
using Milliways.Gateway;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

public sealed class GatewayPathTests
{
    private const string Account = "0193f2c84a7e7b3c9d1e5f6a7b8c9d0e";

    /// <summary>Every path of xAI's REST API (xai-api 1.2), with ids as they come.</summary>
    private static readonly string[] Xai =
    [
        "/v1/api-key", "/v1/chat/completions", "/v1/chat/deferred-completion/ID", "/v1/completions", "/v1/messages", "/v1/complete", "/v1/responses", "/v1/responses/ID",
        "/v1/responses/compact", "/v1/embeddings", "/v1/images/generations", "/v1/images/edits", "/v1/videos/generations", "/v1/videos/edits", "/v1/videos/extensions", "/v1/videos/ID",
        "/v1/models", "/v1/models/ID", "/v1/language-models", "/v1/language-models/ID", "/v1/embedding-models", "/v1/embedding-models/ID", "/v1/image-generation-models",
        "/v1/image-generation-models/ID", "/v1/video-generation-models", "/v1/video-generation-models/ID", "/v1/tokenize-text", "/v1/documents/search", "/v1/files", "/v1/files/ID",
        "/v1/files/ID/content", "/v1/batches", "/v1/batches/ID", "/v1/batches/ID/requests", "/v1/batches/ID/results", "/v1/batches/ID:cancel", "/v1/realtime", "/v1/tts", "/v1/stt",
        "/v1/collections", "/v1/collections/ID/documents/ID", "/v1/messages/count_tokens", "/v1/dashboard/billing/usage",
    ];

    /// <summary>Provider slugs and a path of each (cloudflare 1.3).</summary>
    private static readonly string[] Provider =
    [
        "/openai/chat/completions", "/grok/v1/chat/completions", "/grok/chat/completions", "/grok/v1/messages", "/anthropic/v1/messages", "/google-ai-studio/v1/models/gemini:generateContent",
        "/google-vertex-ai/v1/projects/p/locations/l/publishers/google/models/m:generateContent", "/azure-openai/r/d/chat/completions", "/aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke",
        "/workers-ai/@cf/meta/llama-3.1-8b-instruct", "/groq/chat/completions", "/mistral/v1/chat/completions", "/deepseek/chat/completions", "/openrouter/v1/chat/completions",
        "/perplexity-ai/chat/completions", "/cohere/v1/chat", "/huggingface/bigcode/starcoder", "/replicate/predictions", "/cerebras/chat/completions", "/baseten/v1/chat/completions",
        "/parallel/v1/tasks/runs", "/fal/fal-ai/fast-sdxl", "/deepgram/v1/listen", "/elevenlabs/v1/text-to-speech/v", "/cartesia/tts/bytes", "/ideogram/v1/ideogram-v3/generate",
        "/fireworks/chat/completions", "/custom-lab/anything", "/compat/chat/completions", "/compat/models", "",
    ];

    public static TheoryData<string> XaiPaths => [.. Xai];

    public static TheoryData<string> ProviderPaths => [.. Provider];

    [Theory]
    [MemberData(nameof(XaiPaths))]
    public void No_path_of_xais_is_taken_for_a_gateways(string path)
    {
        foreach (var id in new[] { "x", "default", Account[..31], "resp_" + Account, Account + "0", Guid.CreateVersion7().ToString("D") })
            Assert.False(GatewayPath.TryParse(PathForms.Normalize(path.Replace("ID", id, StringComparison.Ordinal)), out _));
        // Even an id that looks like an account stands elsewhere.
        Assert.False(GatewayPath.TryParse(path.Replace("ID", Account, StringComparison.Ordinal), out _));
    }

    [Theory]
    [MemberData(nameof(ProviderPaths))]
    public void Every_providers_path_is_a_gateways_and_its_rest_is_untouched(string rest)
    {
        foreach (var account in new[] { Account, Account.ToUpperInvariant() })
        {
            Assert.True(GatewayPath.TryParse(PathForms.Normalize($"/v1/{account}/my-gateway{rest}"), out var path));
            Assert.Equal((account, "my-gateway", rest), (path.Account, path.Gateway, path.Rest));
        }
    }

    [Theory]
    [InlineData("/v1/0193f2c84a7e7b3c9d1e5f6a7b8c9d0/default/grok/chat/completions")]
    [InlineData("/v1/0193f2c84a7e7b3c9d1e5f6a7b8c9d0e0/default/grok/chat/completions")]
    [InlineData("/v1/0193f2c84a7e7b3c9d1e5f6a7b8c9d0g/default/grok/chat/completions")]
    [InlineData("/v1/0193f2c8-4a7e-7b3c-9d1e-5f6a7b8c9d0e/default/grok")]
    [InlineData("/v1/0193f2c84a7e7b3c9d1e5f6a7b8c9d0e")]
    [InlineData("/v1/0193f2c84a7e7b3c9d1e5f6a7b8c9d0e/")]
    [InlineData("/v1/0193f2c84a7e7b3c9d1e5f6a7b8c9d0e//x")]
    [InlineData("/0193f2c84a7e7b3c9d1e5f6a7b8c9d0e/default/grok/chat/completions")]
    [InlineData("/v1/")]
    [InlineData("")]
    public void An_account_is_exactly_32_hex_digits_and_a_gateway_has_a_name(string path) => Assert.False(GatewayPath.TryParse(path, out _));

    [Theory]
    [InlineData("/grok/chat/completions")]
    [InlineData("/grok/v1/chat/completions")]
    public async Task Groks_own_path_reaches_whatever_serves_grok_in_xais_flavour(string rest)
    {
        await using var xai = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "real": { "preset": "xai", "baseUrl": "{{xai.Url}}/v1", "apiKey": "xai-real" } } }""");

        var answer = await server.PostAsync(server.Gateway + rest, Answers.Ask("grok-4"));
        Assert.Equal((200, "real/grok-4"), (answer.Status, answer.Header("x-milliways-upstream")));
    }

    [Fact]
    public async Task Compat_names_an_upstream_by_its_provider()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "one": { "preset": "groq", "baseUrl": "{{lab.Url}}/v1" }, "two": { "preset": "groq", "baseUrl": "{{lab.Url}}/v1" },
                             "mine": { "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", "provider": "house" } } }
            """);
        foreach (var (model, upstream) in new[] { ("groq/llama/3", "one/llama/3"), ("house/x", "mine/x"), ("two/x", "two/x") })
            Assert.Equal(upstream, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask(model))).Header("x-milliways-upstream"));
        var unknown = await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("nobody/x"));
        Assert.Equal((400, 2008), unknown.Error());
        Assert.Equal("Model not found: nobody/x", unknown.Message());
    }
}
