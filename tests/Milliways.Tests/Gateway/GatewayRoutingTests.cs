using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Gateway;

public sealed class GatewayRoutingTests
{
    [Fact]
    public async Task What_the_operator_says_of_a_grok_name_holds_on_the_gateways_addresses_too()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "lab": {{TestServer.Lab(lab)}}, "xai": { "preset": "xai", "baseUrl": "{{xai.Url}}/v1", "apiKey": "sk-xai" } },
              "models": { "grok-beta": { "attempts": [ { "upstream": "lab", "model": "alpha" } ] } } }
            """);
        var gateway = $"/v1/{server.Server.Team.Account}/default";

        foreach (var (path, model) in new[] { ("/v1/chat/completions", "grok-beta"), (gateway + "/grok/chat/completions", "grok-beta"), (gateway + "/compat/chat/completions", "grok/grok-beta") })
            Assert.Equal("lab/alpha", (await server.PostAsync(path, Answers.Ask(model))).Header("x-milliways-upstream"));
        Assert.Equal("xai/grok-3", (await server.PostAsync(gateway + "/grok/chat/completions", Answers.Ask("grok-3"))).Header("x-milliways-upstream"));
    }

    [Fact]
    public async Task Groks_path_serves_responses_and_embeddings_in_xais_flavour()
    {
        const string Vectors = """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"grok-3","usage":{"prompt_tokens":1,"total_tokens":1}}""";
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(turn.Request.Target == "/v1/embeddings" ? Vectors : Wire.OpenAiResponses.TextWhole));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "xai": { "preset": "xai", "baseUrl": "{{xai.Url}}/v1", "apiKey": "sk-xai" } } }
            """);

        var embedded = await server.PostAsync(server.Gateway + "/grok/embeddings", """{"model":"grok-3","input":"x"}""");
        Assert.Equal((200, Vectors, "/v1/embeddings"), (embedded.Status, embedded.Text, xai.Last.Target));
        var answered = await server.PostAsync(server.Gateway + "/grok/responses", """{"model":"grok-3","input":"x"}""");
        Assert.Equal((200, "response"), (answered.Status, answered.Json.GetProperty("object").GetString()));
        var refused = await server.PostAsync(server.Gateway + "/grok/responses", """{"input":"x"}""");
        Assert.Equal((422, System.Text.Json.JsonValueKind.String), (refused.Status, refused.Json.GetProperty("error").ValueKind));
    }

    [Theory]
    [InlineData("\"apiKey\": \"xai-mw-abc\"")]
    [InlineData("\"headers\": { \"authorization\": \"Bearer xai-mw-abc\" }")]
    public async Task A_key_of_ours_is_never_sent_to_a_provider_even_when_it_is_configured(string member)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{lab.Url}}/v1", {{member}} } } }
            """);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("lab/alpha"));

        Assert.Equal(503, answer.Status);
        Assert.Contains("own keys", answer.Text, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }
}
