using Milliways.Tests.Support;

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
