using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>The documents' own names of Grok where no xAI upstream is (cloudflare 0.2, 1.5): whoever answers to grok-beta does, and says so.</summary>
public sealed class FreshInstallationTests
{
    private static Task<TestServer> StartAsync(FakeUpstream lab, FakeUpstream providers) => GatewayServers.StartAsync(providers,
        $$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} }, "models": { "grok-beta": { "attempts": [ { "upstream": "lab", "model": "alpha" } ] } } }""");

    [Theory]
    [InlineData("/grok/v1/chat/completions", "grok-4")]
    [InlineData("/grok/chat/completions", "grok-4")]
    [InlineData("/grok/chat/completions", "grok-beta")]
    [InlineData("/compat/chat/completions", "grok/grok-4")]
    [InlineData("/compat/chat/completions", "xai/grok-4")]
    public async Task The_documents_names_are_answered_by_the_stand_in_which_is_named(string path, string model)
    {
        await using var lab = new FakeUpstream();
        await using var providers = new FakeUpstream();
        await using var server = await StartAsync(lab, providers);
        var answer = await server.PostAsync(server.Gateway + path, Answers.Ask(model));
        Assert.Equal((200, "lab/alpha"), (answer.Status, answer.Header("x-milliways-upstream")));
        // A key of the caller's own is xAI's affair.
        Assert.Equal(200, (await server.PostAsync(server.Gateway + path, Answers.Ask(model), server.Own())).Status);
        Assert.Equal("/api.x.ai/v1/chat/completions", providers.Last.Target);
        Assert.Single(lab.Received);
    }

    [Theory]
    [InlineData("/grok/chat/completions", "grok-3")]
    [InlineData("/compat/chat/completions", "grok/grok-3")]
    public async Task Any_other_name_is_told_what_to_do(string path, string model)
    {
        await using var providers = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(providers);
        var answer = await server.PostAsync(server.Gateway + path, Answers.Ask(model));
        Assert.Equal((400, 2008), answer.Error());
        Assert.Equal($"Model not found: {model}. There is no xAI upstream here: set XAI_API_KEY, or send an xAI key of your own with cf-aig-authorization for the gateway; grok-4 and grok-beta are answered by the embedded model.", answer.Message());
        Assert.Empty(providers.Received);
    }

    [Fact]
    public async Task The_list_of_models_is_of_who_answers_and_with_a_key_it_is_xais()
    {
        await using var lab = new FakeUpstream();
        await using var providers = new FakeUpstream(turn => turn.WholeAsync("""{"theirs":true}"""));
        await using var server = await StartAsync(lab, providers);
        foreach (var path in new[] { "/grok/models", "/grok/v1/models", "/grok/models/" })
        {
            var list = await server.GetAsync(server.Gateway + path);
            Assert.Equal(["grok-beta", "grok-4"], list.Json.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
        }
        Assert.Equal("grok-4", (await server.GetAsync(server.Gateway + "/grok/models/grok-4")).Json.GetProperty("id").GetString());
        Assert.Equal((400, 2008), (await server.GetAsync(server.Gateway + "/grok/models/grok-3")).Error());
        Assert.Equal(200, (await server.SendAsync("HEAD", server.Gateway + "/grok/models", null)).Status);
        Assert.Contains("\"grok/grok-4\"", (await server.GetAsync(server.Gateway + "/compat/models")).Text, StringComparison.Ordinal);
        Assert.Empty(providers.Received);
        Assert.Contains("theirs", (await server.GetAsync(server.Gateway + "/grok/models", server.Own())).Text, StringComparison.Ordinal);
        Assert.Equal("/api.x.ai/v1/models", providers.Last.Target);
    }

    [Fact]
    public async Task With_an_xai_upstream_its_names_and_its_list_are_xais()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync(turn.Request.Method == "GET" ? """{"theirs":true}""" : Answers.Chat));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "x": { "preset": "xai", "baseUrl": "{{xai.Url}}/v1", "apiKey": "k" } } }""");
        Assert.Equal(200, (await server.PostAsync(server.Gateway + "/grok/chat/completions", Answers.Ask("grok-4"))).Status);
        Assert.Contains("grok-4", xai.Last.Text, StringComparison.Ordinal);
        Assert.Contains("theirs", (await server.GetAsync(server.Gateway + "/grok/models")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("XAI_API_KEY", (await server.PostAsync(server.Gateway + "/compat/chat/completions", Answers.Ask("nosuch/x"))).Text, StringComparison.Ordinal);
    }
}
