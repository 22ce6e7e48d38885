using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using Anthropic.Models.Messages;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;
using OpenAI;
using OpenAI.Chat;

namespace Milliways.EndToEnd.Sdks;

/// <summary>OpenAI's and Anthropic's SDKs with base URLs of the gateway and the first key as their only credential: as Cloudflare's documents show them.</summary>
public sealed class GatewaySdkTests : IAsyncLifetime
{
    private const string Message =
        """{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Forty-two."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":3}}""";

    private FakeUpstream _provider = null!;
    private MilliwaysProcess _server = null!;

    public async ValueTask InitializeAsync()
    {
        _provider = await FakeUpstream.StartAsync(http =>
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync(http.Request.Path.Value!.EndsWith("/messages", StringComparison.Ordinal) ? Message : FakeUpstream.WholeAnswer);
        });
        _server = await MilliwaysProcess.StartAsync(new Setup
        {
            Config = $$"""
                { "upstreams": { "oa": { "preset": "openai", "baseUrl": "{{_provider.Base}}/v1", "apiKey": "sk-openai" },
                                 "claude": { "preset": "anthropic", "baseUrl": "{{_provider.Base}}", "apiKey": "sk-ant" } } }
                """,
        });
        await _server.EngineReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task OpenAIs_NuGet_package_reads_answers_of_every_base_it_is_shown_with()
    {
        foreach (var (path, model) in Chats)
        {
            var client = new OpenAIClient(new ApiKeyCredential(_server.Key), new OpenAIClientOptions { Endpoint = new Uri(Gateway + path), RetryPolicy = new ClientRetryPolicy(0) });
            ChatCompletion answer = await client.GetChatClient(model).CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 6 });
            Assert.True(answer.Content[0].Text.Length > 0, path);
        }
        CheckProvider();
    }

    [Fact]
    public async Task Anthropics_NuGet_package_reads_answers_of_every_base_it_is_shown_with()
    {
        foreach (var (path, model) in Messages)
        {
            var client = new AnthropicClient { ApiKey = _server.Key, BaseUrl = Gateway + path, MaxRetries = 0 };
            var message = await client.Messages.Create(new MessageCreateParams { Model = model, MaxTokens = 6, Messages = [new UserMessageParam("Hi")] });
            Assert.True(message.Content[0].TryPickText(out var text) && text.Text.Length > 0, path);
        }
        CheckProvider();
    }

    [Fact]
    public async Task The_npm_packages_read_answers_and_errors_of_every_base_they_are_shown_with()
    {
        foreach (var (path, model) in Chats)
            Assert.NotEmpty((await Node.OpenAiAsync(Gateway + path, _server.Key, "chat.completions.create", Talk.About("Hi", 6, ("model", model)))).Good["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        foreach (var (path, model) in Messages)
            Assert.NotEmpty((await Node.AnthropicAsync(Gateway + path, _server.Key, "messages.create", Talk.About("Hi", 6, ("model", model)))).Good["content"]![0]!["text"]!.GetValue<string>());
        CheckProvider();
        var wrong = (await Node.OpenAiAsync(Gateway + "/grok", "xai-mw-wrong", "chat.completions.create", Talk.About("Hi", 1))).Refusal;
        Assert.Equal(("AuthenticationError", 401), (wrong.Kind, wrong.Status));
    }

    private static (string Path, string Model)[] Chats => [("/grok", "grok-beta"), ("/grok/v1", "grok-beta"), ("/grok/v1", "grok-4"), ("/compat", "grok/grok-4"), ("/openai", "gpt-x"), ("/compat", "grok/grok-beta"), ("/compat", "openai/gpt-x"), ("/compat", "anthropic/claude-x")];

    private static (string Path, string Model)[] Messages => [("/grok", "grok-beta"), ("/anthropic", "claude-x")];

    private string Gateway => $"{_server.Base}/v1/{_server.Account}/default";

    /// <summary>What reached the provider came with the operator's key, and with nothing of ours.</summary>
    private void CheckProvider()
    {
        Assert.NotEmpty(_provider.Asked);
        foreach (var asked in _provider.Asked)
        {
            Assert.DoesNotContain(_server.Key, asked.ToString(), StringComparison.Ordinal);
            Assert.Contains(asked.Path, new[] { "/v1/chat/completions", "/v1/messages" });
        }
    }
}
