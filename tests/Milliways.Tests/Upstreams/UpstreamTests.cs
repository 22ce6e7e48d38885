using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Upstreams;

public sealed class UpstreamTests
{
    [Theory]
    [InlineData("http://h:1/v1", "http://h:1/v1/chat/completions")]
    [InlineData("http://h:1/v1/", "http://h:1/v1/chat/completions")]
    [InlineData("http://h:1/v1/v1", "http://h:1/v1/chat/completions")]
    [InlineData("http://h", "http://h/chat/completions")]
    [InlineData("https://h/a%2Fb/../c", "https://h/a%2Fb/../c/chat/completions")]
    [InlineData("http://[::1]:8080/openai/v1", "http://[::1]:8080/openai/v1/chat/completions")]
    public void A_base_stays_as_it_was_written(string text, string target) =>
        Assert.Equal(target, UpstreamAddress.Parse(text).At("/chat/completions").OriginalString);

    [Theory]
    [InlineData("ftp://h/")]
    [InlineData("h:1/v1")]
    [InlineData("/v1")]
    [InlineData("http://")]
    [InlineData("")]
    public void What_is_no_http_address_is_refused(string text) => Assert.False(UpstreamAddress.TryParse(text, out _));

    [Theory]
    [InlineData("http://localhost:1", true)]
    [InlineData("http://127.0.0.1", true)]
    [InlineData("http://10.1.2.3/v1", true)]
    [InlineData("http://172.16.0.1", true)]
    [InlineData("http://172.32.0.1", false)]
    [InlineData("http://192.168.1.1", true)]
    [InlineData("http://vllm:8000", true)]
    [InlineData("https://api.x.ai/v1", false)]
    [InlineData("http://[fd00::1]/", true)]
    public void Local_servers_are_known_by_their_address(string text, bool local) => Assert.Equal(local, UpstreamAddress.Parse(text).IsLocal);

    [Fact]
    public async Task Anthropics_base_is_taken_with_and_without_a_version()
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        foreach (var suffix in new[] { "", "/", "/v1", "/v1/v1/" })
        {
            await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "c": { "preset": "anthropic", "baseUrl": "{{claude.Url}}{{suffix}}", "apiKey": "k" } } }""");
            Assert.Equal(200, (await server.PostAsync("/v1/messages", Answers.Say())).Status);
            Assert.Equal("/v1/messages", claude.Last.Target);
        }
    }

    [Fact]
    public async Task An_operators_headers_go_with_every_request_and_a_callers_do_not()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab, more: """, "headers": { "x-team": "search" }""");

        await server.PostAsync("/v1/chat/completions", Answers.Ask(), ("x-team", "mine"), ("X-Forwarded-For", "1.2.3.4"), ("x-stainless-lang", "js"), ("Cookie", "a=b"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));

        Assert.Equal("search", lab.Last.Header("x-team"));
        Assert.Equal("application/json", lab.Last.Header("Content-Type"));
        foreach (var name in new[] { "X-Forwarded-For", "x-stainless-lang", "Cookie", "x-grok-conv-id", "x-request-id", "traceparent" })
            Assert.Null(lab.Last.Header(name));
    }

    [Fact]
    public async Task Xais_conversation_header_reaches_xai_only()
    {
        await using var fake = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "xai": { "preset": "xai", "baseUrl": "{{fake.Url}}/v1", "apiKey": "k" }, "lab": {{TestServer.Lab(fake)}} } }""");
        await server.PostAsync("/v1/chat/completions", Answers.Ask("grok-4"), ("x-grok-conv-id", "c7"));
        Assert.Equal("c7", fake.Last.Header("x-grok-conv-id"));
        await server.PostAsync("/v1/chat/completions", Answers.Ask("alpha"), ("x-grok-conv-id", "c7"));
        Assert.Null(fake.Last.Header("x-grok-conv-id"));
    }

    [Fact]
    public async Task Connections_are_used_again()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        for (var i = 0; i < 6; i++)
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Equal(1, lab.Connections);

        // A stream's connection is free when the end behind its last event has been read, which may be after the next request has come.
        lab.Standing = turn => turn.StreamAsync(Answers.ChatStream);
        for (var i = 0; i < 20; i++)
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask(stream: true))).Status);
        Assert.InRange(lab.Connections, 1, 6);
    }

    [Theory]
    [InlineData("xai", "grok")]
    [InlineData("google", "google-ai-studio")]
    [InlineData("groq", "groq")]
    public void A_preset_has_the_gateways_slug(string preset, string slug) => Assert.Equal(slug, Presets.Find(preset)!.Provider);

    [Theory]
    [InlineData("xai", "grok-beta", true)]
    [InlineData("xai", "grok", false)]
    [InlineData("xai", "v1", true)]
    [InlineData("xai", "v12", false)]
    [InlineData("openai", "o3-mini", true)]
    [InlineData("groq", "anything", false)]
    public void A_preset_knows_its_family_of_names(string preset, string model, bool serves) => Assert.Equal(serves, Presets.Find(preset)!.Serves(model));
}
