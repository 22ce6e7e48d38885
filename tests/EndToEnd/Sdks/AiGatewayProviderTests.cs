using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>Cloudflare's own <c>ai-gateway-provider</c> (npm), which speaks the universal endpoint and nothing else (cloudflare 6.1).</summary>
public sealed class AiGatewayProviderTests : IAsyncLifetime
{
    private FakeUpstream _provider = null!;
    private MilliwaysProcess _server = null!;

    public async ValueTask InitializeAsync()
    {
        _provider = await FakeUpstream.StartAsync(async (http, body) =>
        {
            if (body.Contains("\"down\"", StringComparison.Ordinal))
                http.Response.StatusCode = StatusCodes.Status500InternalServerError;
            http.Response.ContentType = body.Contains("\"stream\":true", StringComparison.Ordinal) ? "text/event-stream" : "application/json";
            await http.Response.WriteAsync(http.Response.StatusCode != StatusCodes.Status200OK ? """{"error":"down"}"""
                : http.Response.ContentType == "application/json" ? FakeUpstream.WholeAnswer
                : """
                  data: {"id":"up-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Forty-"},"finish_reason":null}]}

                  data: {"id":"up-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"two."},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}

                  data: [DONE]


                  """);
        });
        _server = await MilliwaysProcess.StartAsync(new Setup { Config = $$"""{ "upstreams": { "grok": { "preset": "xai", "baseUrl": "{{_provider.Base}}/v1", "apiKey": "sk-xai" } } }""" });
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task It_reads_whole_answers_and_streams()
    {
        Assert.Equal("Forty-two.", (await CallAsync(["m"])).Good.GetValue<string>());
        Assert.Equal("Forty-two.", (await CallAsync(["m"], stream: true)).Good.GetValue<string>());
        Assert.All(_provider.Asked, asked => Assert.Equal(("/v1/chat/completions", "Bearer sk-caller"), (asked.Path, asked.Authorization)));
    }

    [Fact]
    public async Task Its_fallback_reads_the_answer_of_the_model_that_gave_it()
    {
        Assert.Equal("Forty-two.", (await CallAsync(["down", "m"])).Good.GetValue<string>());
        Assert.Equal("Forty-two.", (await CallAsync(["down", "m"], stream: true)).Good.GetValue<string>());
        Assert.Equal(4, _provider.Asked.Count);
    }

    [Fact]
    public async Task Its_options_are_heard()
    {
        await CallAsync(["down"], options: new JsonObject { ["retries"] = new JsonObject { ["maxAttempts"] = 3, ["retryDelayMs"] = 1, ["backoff"] = "constant" } });
        Assert.Equal(3, _provider.Asked.Count);
    }

    [Fact]
    public async Task It_knows_the_gateways_errors()
    {
        Assert.Equal("AiGatewayDoesNotExist", (await CallAsync(["m"], gateway: "no-such-gateway")).Refusal.Kind);
        Assert.Equal("AiGatewayUnauthorizedError", (await CallAsync(["m"], key: "xai-wrong")).Refusal.Kind);
        Assert.Empty(_provider.Asked);
    }

    private Task<ClientResult> CallAsync(string[] models, bool stream = false, string gateway = "default", string? key = null, JsonObject? options = null) =>
        Node.AiGatewayAsync(_server.Base, key ?? _server.Key, new JsonObject
        {
            ["account"] = _server.Account,
            ["gateway"] = gateway,
            ["models"] = new JsonArray([.. models.Select(model => JsonValue.Create(model))]),
            ["stream"] = stream,
            ["options"] = options,
        });
}
