using Milliways.Dialects.Chat;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api;

/// <summary>Whose way of a dialect is spoken: the path says it, a gateway can be switched, and a key's own flavour counts most (contract, "Choices").</summary>
public class FlavourTests
{
    /// <summary>Front, its body, flavour of the gateway, flavour of the key, the dialect of its errors, the status of a body without what it needs.</summary>
    [Theory]
    [InlineData("/v1/chat/completions", null, null, "xai", 422)]
    [InlineData("/v1/chat/completions", null, "openai", "openai", 400)]
    [InlineData("/v1/chat/completions", null, "xai", "xai", 422)]
    [InlineData("/v1/chat/completions", "openai", null, "xai", 422)] // a gateway's flavour is its own paths' only
    [InlineData("/v1/completions", null, null, "xai", 422)]
    [InlineData("/v1/completions", null, "openai", "openai", 400)]
    [InlineData("/v1/embeddings", null, null, "xai", 422)]
    [InlineData("/v1/embeddings", null, "openai", "openai", 400)]
    [InlineData("/v1/images/generations", null, null, "xai", 422)]
    [InlineData("/v1/images/generations", null, "openai", "openai", 400)]
    [InlineData("/v1/messages", null, null, "anthropic", 400)]
    [InlineData("/v1/messages", null, "openai", "anthropic", 400)]
    [InlineData("/v1/messages", null, "xai", "anthropic", 400)]
    [InlineData("/v1/complete", null, "openai", "anthropic", 400)]
    [InlineData("{gateway}/grok/v1/chat/completions", null, null, "xai", 422)]
    [InlineData("{gateway}/grok/v1/chat/completions", null, "openai", "openai", 400)]
    [InlineData("{gateway}/grok/v1/chat/completions", "openai", null, "openai", 400)]
    [InlineData("{gateway}/grok/v1/chat/completions", "openai", "xai", "xai", 422)]
    [InlineData("{gateway}/grok/v1/messages", "openai", "xai", "anthropic", 400)]
    [InlineData("{gateway}/compat/chat/completions", null, null, "openai", 400)]
    [InlineData("{gateway}/compat/chat/completions", "xai", null, "xai", 422)]
    [InlineData("{gateway}/compat/chat/completions", null, "xai", "xai", 422)]
    [InlineData("{gateway}/compat/messages", null, null, "anthropic", 400)]
    [InlineData("{gateway}/compat/embeddings", null, null, "openai", 400)]
    [InlineData("{gateway}/openai/chat/completions", null, null, "openai", 400)]
    [InlineData("{gateway}/openai/chat/completions", "xai", null, "xai", 422)]
    [InlineData("{gateway}/openai/embeddings", null, "xai", "xai", 422)]
    [InlineData("/v1/responses", null, null, "xai", 422)]
    [InlineData("/v1/responses", null, "openai", "openai", 400)]
    [InlineData("/v1/responses/input_tokens", null, "openai", "openai", 400)]
    [InlineData("{gateway}/openai/responses", null, null, "openai", 400)]
    [InlineData("{gateway}/openai/responses", "xai", null, "xai", 422)]
    [InlineData("{gateway}/compat/responses", null, "xai", "xai", 422)]
    public async Task A_front_speaks_as_path_gateway_and_key_say(string path, string? gateway, string? key, string dialect, int status)
    {
        await using var server = await TestServer.StartAsync();
        path = path.Replace("{gateway}", server.Gateway, StringComparison.Ordinal);
        server.Service<Milliways.Gateway.Settings.GatewayStore>().SetFlavour(server.Account, "default", gateway is null ? null : Flavours.Parse(gateway));
        var credential = "Bearer " + Key(server, key is null ? null : Flavours.Parse(key));

        var answer = await server.PostAsync(path, "{}", ("Authorization", credential));
        Assert.Equal((status, dialect), (answer.Status, PathTests.DialectOf(answer.Json)));
        // Before a key is known only the path can say it; a gateway's own refusals are Cloudflare's in every flavour.
        var wrong = await server.PostAsync(path, "{}", ("Authorization", "Bearer " + KeyText.Create()));
        var unkeyed = path.Contains("/default/", StringComparison.Ordinal) ? "cloudflare" : dialect == "anthropic" ? "anthropic" : "xai";
        Assert.Equal((unkeyed == "xai" ? 400 : 401, unkeyed), (wrong.Status, PathTests.DialectOf(wrong.Json)));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("openai", 3)]
    public async Task A_tool_call_that_crosses_is_whole_for_xai_and_streams_for_openai(string? flavour, int chunks)
    {
        await using var claude = new FakeUpstream(turn => turn.StreamAsync(
            Answers.MessageStart,
            "event: content_block_start\n" + """data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}""" + "\n\n",
            "event: content_block_delta\n" + """data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}""" + "\n\n",
            "event: content_block_delta\n" + """data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1}"}}""" + "\n\n",
            Answers.BlockStop,
            Answers.MessageDelta.Replace("end_turn", "tool_use", StringComparison.Ordinal),
            Answers.MessageStop));
        await using var server = await TestServer.WithClaudeAsync(claude);
        var credential = "Bearer " + Key(server, flavour is null ? null : Flavours.Parse(flavour));
        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("claude-x", stream: true, more: ""","tools":[{"type":"function","function":{"name":"f"}}]"""), ("Authorization", credential));
        Assert.Equal(200, answer.Status);
        Assert.Equal(chunks, answer.Text.Split('\n').Count(line => line.Contains("\"tool_calls\":[", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Models_that_are_not_there_are_told_in_the_keys_flavour()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var path in new[] { "/v1/models/nobody", "/v1/language-models/nobody", "/v1/tts" })
        {
            var answer = await server.SendAsync(path == "/v1/tts" ? "POST" : "GET", path, null, ("Authorization", "Bearer " + Key(server, Flavour.OpenAi)));
            Assert.Equal("openai", PathTests.DialectOf(answer.Json));
        }
    }

    [Fact]
    public async Task A_flavour_set_beside_a_running_server_is_in_effect_and_survives_a_restart()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        using (var database = server.OpenLedger())
        {
            new Milliways.Gateway.Settings.GatewayStore(database, new TeamStore(database, TimeProvider.System)).SetFlavour(server.Account, "default", Flavour.OpenAi);
            await clock.RunUntilAsync(Speaks("openai"));
        }
        var key = Key(server, Flavour.Xai);
        await server.RestartAsync();
        await Speaks("openai");
        Assert.Equal(422, (await server.PostAsync(server.Gateway + "/grok/chat/completions", "{}", ("Authorization", "Bearer " + key))).Status);

        async Task Speaks(string dialect)
        {
            while (PathTests.DialectOf((await server.PostAsync(server.Gateway + "/grok/chat/completions", "{}")).Json) != dialect) { }
        }
    }

    private static string Key(TestServer server, Flavour? flavour) =>
        server.Service<KeyStore>().Create(server.Service<TeamStore>().All()[0], "k", flavour).Text;
}
