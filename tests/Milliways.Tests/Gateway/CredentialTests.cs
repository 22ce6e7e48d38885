using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Who may call a gateway, and with whose key a provider is called (cloudflare 1.2, 3.7, 3.8).</summary>
public sealed class CredentialTests
{
    private const string Path = "/openai/chat/completions";

    private static string Configured(FakeUpstream upstream, string more = "") =>
        $$"""{ "upstreams": { "oa": { "preset": "openai", "baseUrl": "{{upstream.Url}}/v1", "apiKey": "sk-operator", "headers": { "x-operator": "secret" } {{more}} } } }""";

    [Theory]
    [InlineData("cf-aig-authorization", "Bearer {0}")]
    [InlineData("cf-aig-authorization", "{0}")]
    [InlineData("Authorization", "Bearer {0}")]
    [InlineData("x-api-key", "{0}")]
    [InlineData("x-goog-api-key", "{0}")]
    [InlineData("api-key", "{0}")]
    [InlineData("xi-api-key", "{0}")]
    public async Task A_token_opens_the_gateway_wherever_a_client_can_put_it_and_goes_no_further(string header, string form)
    {
        await using var provider = new FakeUpstream();
        await using var server = await TestServer.StartAsync(Configured(provider));
        var answer = await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("Authorization", ""), (header, string.Format(System.Globalization.CultureInfo.InvariantCulture, form, server.Key)));
        Assert.Equal(200, answer.Status);
        Assert.Equal(("Bearer sk-operator", "secret"), (provider.Last.Header("Authorization"), provider.Last.Header("x-operator")));
        Assert.DoesNotContain(server.Key, provider.Last.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_token_a_wrong_one_and_another_accounts_are_refused_alike()
    {
        await using var provider = new FakeUpstream();
        await using var server = await TestServer.StartAsync(Configured(provider));
        var other = server.OtherTeamsKey();
        (string, string)[][] all =
        [
            [("Authorization", "")], [("Authorization", "Bearer sk-caller")], [("Authorization", "Bearer ")], [("Authorization", "Bearer " + other)],
            [("cf-aig-authorization", "Bearer xai-wrong"), ("Authorization", "Bearer sk-caller")], [("cf-aig-authorization", "Bearer " + other), ("Authorization", "Bearer sk-caller")],
            [("cf-aig-authorization", "Bearer undefined")], [("Authorization", "Bearer " + server.Key[..^1] + "!")], [("Authorization", "Bearer xai-token-mw-x")],
        ];
        var texts = new HashSet<string>();
        foreach (var headers in all)
        {
            var answer = await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), headers);
            Assert.Equal((401, 2009), answer.Error());
            Assert.Equal("key", answer.Header("x-milliways-refused"));
            texts.Add(answer.Text);
        }
        Assert.Single(texts);
        Assert.Contains("\"Unauthorized\"", texts.Single(), StringComparison.Ordinal);
        Assert.Empty(provider.Received);
        // Whose account it is, and whether there is one, nobody learns either.
        foreach (var account in new[] { new string('0', 32), Guid.CreateVersion7().ToString("N") })
            Assert.Equal(texts.Single(), (await server.PostAsync($"/v1/{account}/default{Path}", Answers.Ask("gpt"))).Text);
    }

    [Fact]
    public async Task A_disabled_key_opens_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var keys = server.Service<Milliways.Keys.KeyCommands>();
        var (key, text) = keys.Create(OperatorActor.Instance, null, new Milliways.Keys.KeySettings("x"));
        keys.SetDisabled(OperatorActor.Instance, key.Id.ToString("D"), disabled: true);
        Assert.Equal((401, 2009), (await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("Authorization", "Bearer " + text))).Error());
    }

    [Fact]
    public async Task The_callers_key_goes_on_unchanged_and_nothing_of_the_operators_does()
    {
        await using var provider = new FakeUpstream();
        await using var server = await TestServer.StartAsync(Configured(provider));
        await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), server.Own(value: "Bearer sk-caller"));
        Assert.Equal(("Bearer sk-caller", null), (provider.Last.Header("Authorization"), provider.Last.Header("x-operator")));
        // A mistyped key of ours beside a good token never leaves, and is no key of the caller's.
        await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), server.Own(value: "Bearer " + server.Key[..^1] + "!"));
        Assert.Equal("Bearer sk-operator", provider.Last.Header("Authorization"));
        await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), [.. server.Own(), ("x-else", "see xai-mw-abc"), ("x-more", "fine")]);
        Assert.Equal((null, "fine"), (provider.Last.Header("x-else"), provider.Last.Header("x-more")));
        foreach (var received in provider.Received)
            Assert.DoesNotContain("xai-mw-", received.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_ours_in_the_address_is_refused()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync($"{server.Gateway}/google-ai-studio/v1beta/models/g:generateContent?key={server.Key}", "{}", server.Own());
        Assert.Equal((400, 2001), answer.Error());
        Assert.Empty(provider.Received);
    }

    [Fact]
    public async Task Googles_key_in_the_address_is_the_callers_own()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await GatewayServers.StartAsync(provider);
        await server.PostAsync($"{server.Gateway}/google-ai-studio/v1beta/models/g:generateContent?key=AIza", "{}", ("Authorization", "Bearer " + server.Key));
        Assert.Equal(("/generativelanguage.googleapis.com/v1beta/models/g:generateContent?key=AIza", null), (provider.Last.Target, provider.Last.Header("Authorization")));
    }

    [Theory]
    [InlineData("openai", "openai/chat/completions", "Authorization", "Bearer stored-1")]
    [InlineData("anthropic", "anthropic/v1/messages", "x-api-key", "stored-1")]
    [InlineData("google-ai-studio", "google-ai-studio/v1beta/models/g:generateContent", "x-goog-api-key", "stored-1")]
    [InlineData("azure-openai", "azure-openai/r/d/chat/completions", "api-key", "stored-1")]
    [InlineData("elevenlabs", "elevenlabs/v1/voices", "xi-api-key", "stored-1")]
    [InlineData("fal", "fal/fal-ai/x", "Authorization", "Key stored-1")]
    [InlineData("deepgram", "deepgram/v1/listen", "Authorization", "Token stored-1")]
    [InlineData("cartesia", "cartesia/tts/bytes", "X-API-Key", "stored-1")]
    [InlineData("ideogram", "ideogram/v1/x", "Api-Key", "stored-1")]
    public async Task A_stored_key_is_sent_as_its_provider_wants_it(string slug, string rest, string header, string value)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await GatewayServers.StartAsync(provider);
        var gateways = server.Service<GatewayCommands>();
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", slug, null, null, "stored-1"));
        await server.PostAsync($"{server.Gateway}/{rest}", """{"model":"m","messages":[]}""");
        Assert.Equal(value, provider.Last.Header(header));
        await server.PostAsync($"{server.Gateway}/{rest}", """{"model":"m","messages":[]}""", server.Own("Authorization", "Bearer own"));
        Assert.Equal("Bearer own", provider.Last.Header("Authorization"));
        Assert.DoesNotContain("stored-1", provider.Last.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alias_chooses_among_stored_keys_and_an_unknown_one_is_told()
    {
        await using var provider = new FakeUpstream();
        await using var server = await TestServer.StartAsync(Configured(provider));
        var gateways = server.Service<GatewayCommands>();
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", "prod", Default: false, "sk-prod"));
        await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"));
        Assert.Equal("Bearer sk-operator", provider.Last.Header("Authorization")); // none of them is the default
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", "default", null, "sk-default"));
        await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"));
        Assert.Equal(("Bearer sk-default", null), (provider.Last.Header("Authorization"), provider.Last.Header("x-operator")));
        await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("cf-aig-byok-alias", "prod"));
        Assert.Equal("Bearer sk-prod", provider.Last.Header("Authorization"));
        var unknown = await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("cf-aig-byok-alias", "dev"));
        Assert.Equal((400, 2040), unknown.Error());
        Assert.Equal("Provider 'openai' has no BYOK credential named 'dev'. Configured aliases: 'default', 'prod'", unknown.Message());
        // A rotated key is in effect at once.
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", "prod", null, "sk-new"));
        await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("cf-aig-byok-alias", "prod"));
        Assert.Equal("Bearer sk-new", provider.Last.Header("Authorization"));
    }

    [Fact]
    public async Task The_operators_key_can_be_forbidden_by_the_gateway_and_by_a_request()
    {
        await using var provider = new FakeUpstream();
        await using var server = await TestServer.StartAsync(Configured(provider));
        Assert.Equal((400, 2021), (await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("cf-aig-no-wholesale", "true"))).Error());
        server.Service<GatewayCommands>().Set(OperatorActor.Instance, new ChangeGateway(null, "default") { ByokOnly = true });
        foreach (var value in new[] { "", "false" })
            Assert.Equal((400, 2021), (await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("cf-aig-no-wholesale", value))).Error());
        Assert.Equal((400, 2021), (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("openai/gpt"))).Error());
        Assert.Empty(provider.Received);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), server.Own())).Status);
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("openai/gpt"), server.Own())).Status);
    }

    [Fact]
    public async Task Without_any_key_the_provider_says_so_itself()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("""{"error":"You need a key."}""", 401));
        await using var server = await GatewayServers.StartAsync(provider);
        var answer = await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"));
        Assert.Equal((401, """{"error":"You need a key."}"""), (answer.Status, answer.Text));
        Assert.Null(provider.Last.Header("Authorization"));
    }

    [Fact]
    public async Task An_open_gateway_serves_strangers_with_their_own_keys_and_never_with_the_operators_or_the_teams()
    {
        await using var provider = new FakeUpstream();
        await using var house = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "oa": { "preset": "openai", "baseUrl": "{{provider.Url}}/v1", "apiKey": "sk-operator" }, "local": { "preset": "vllm", "baseUrl": "{{house.Url}}/v1", "models": ["big"] } },
              "models": { "gpt-alias": { "attempts": [ { "upstream": "oa", "model": "gpt" } ] } } }
            """);
        var gateways = server.Service<GatewayCommands>();
        gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "open") { Authentication = false });
        gateways.AddKey(OperatorActor.Instance, new AddStoredKey(null, "open", "openai", null, null, "sk-team"));
        var open = $"/v1/{server.Account}/open";
        (string, string) nobody = ("Authorization", "");

        Assert.Equal((401, 2009), (await server.PostAsync(open + Path, Answers.Ask("gpt"), nobody)).Error());
        Assert.Equal((401, 2009), (await server.PostAsync(open + "/compat/chat/completions", Answers.Ask("openai/gpt"), nobody)).Error());
        foreach (var model in new[] { "gpt-alias", "oa/gpt" }) // by names that the operator routes
            Assert.Equal((401, 2009), (await server.PostAsync(open + "/compat/chat/completions", Answers.Ask(model), nobody)).Error());
        Assert.Empty(provider.Received);

        Assert.Equal(200, (await server.PostAsync(open + Path, Answers.Ask("gpt"), ("Authorization", "Bearer sk-mine"))).Status);
        Assert.Equal("Bearer sk-mine", provider.Last.Header("Authorization"));
        Assert.Equal(200, (await server.PostAsync(open + "/compat/chat/completions", Answers.Ask("openai/gpt"), ("Authorization", "Bearer sk-mine"))).Status);
        Assert.Equal("Bearer sk-mine", provider.Last.Header("Authorization"));
        Assert.Equal(200, (await server.PostAsync(open + "/vllm/chat/completions", Answers.Ask("big"), nobody)).Status); // asks nobody for a key
        // A wrong token is no token; the team's own opens what it opens elsewhere.
        Assert.Equal(200, (await server.PostAsync(open + Path, Answers.Ask("gpt"), ("cf-aig-authorization", "Bearer wrong"), ("Authorization", "Bearer sk-mine"))).Status);
        Assert.Equal(200, (await server.PostAsync(open + Path, Answers.Ask("gpt"))).Status);
        Assert.Equal("Bearer sk-team", provider.Last.Header("Authorization"));
        // Every other gateway of the team stays shut.
        Assert.Equal((401, 2009), (await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), ("Authorization", "Bearer sk-mine"))).Error());
    }

    [Fact]
    public async Task Bedrocks_mantle_gets_the_key_as_anthropic_gets_it()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await GatewayServers.StartAsync(provider);
        await server.PostAsync(server.Gateway + "/aws-bedrock/bedrock-mantle/us-east-1/anthropic/v1/messages", Answers.Say(), server.Own(value: "Bearer bedrock-key"));
        Assert.Equal(("bedrock-key", null), (provider.Last.Header("x-api-key"), provider.Last.Header("Authorization")));
        await server.PostAsync(server.Gateway + "/aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke", "{}", server.Own(value: "AWS4-HMAC-SHA256 Credential=x"));
        Assert.Equal("AWS4-HMAC-SHA256 Credential=x", provider.Last.Header("Authorization"));
    }

    [Fact]
    public async Task A_key_for_certain_models_calls_those_and_nothing_unread()
    {
        await using var provider = new FakeUpstream();
        await using var server = await TestServer.StartAsync(Configured(provider));
        var acls = Milliways.Keys.KeyAcls.Parse(["api-key:endpoint:*", "api-key:model:oa/gpt"], out _)!;
        var (_, key) = server.Service<Milliways.Keys.KeyCommands>().Create(OperatorActor.Instance, null, new Milliways.Keys.KeySettings("x") { Acls = acls });
        (string, string)[] token = [("cf-aig-authorization", key), ("Authorization", "Bearer sk-caller")];
        Assert.Equal(200, (await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt"), token)).Status);
        var other = await server.PostAsync(server.Gateway + Path, Answers.Ask("gpt-2"), token);
        Assert.Equal((400, 2008), other.Error());
        Assert.Equal("Model not found: gpt-2", other.Message());
        Assert.Equal("acl", other.Header("x-milliways-refused"));
        Assert.Equal(403, (await server.PostAsync(server.Gateway + "/openai/batches", "{}", token)).Status);
        Assert.Equal(200, (await server.GetAsync(server.Gateway + "/openai/models", token)).Status);
    }
}
