using System.Text;
using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Upstreams.Connections;

/// <summary>Proxies by configuration and by the environment. Hosts end in .invalid: only a proxy can reach them.</summary>
public sealed class ProxyTests
{
    [Fact]
    public async Task A_plain_upstream_is_asked_through_its_proxy_with_its_password()
    {
        await using var lab = new FakeUpstream();
        await using var proxy = new LoopbackProxy(lab.Url) { AsksWho = true };
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "http://lab.invalid/v1", "proxy": "http://user:pa%20ss@{{proxy.Address}}", "models": ["alpha"] } } }""");

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);

        Assert.StartsWith("POST http://lab.invalid/v1/chat/completions HTTP/1.1", Assert.Single(proxy.Heads), StringComparison.Ordinal);
        Assert.Contains("Proxy-Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("user:pa ss")), proxy.Heads[0], StringComparison.Ordinal);
        Assert.Equal("lab.invalid", lab.Last.Header("Host"));
    }

    [Fact]
    public async Task An_https_upstream_is_reached_through_a_tunnel_and_its_certificate_is_checked_at_its_own_name()
    {
        using var authority = new Certificates();
        using var directory = new TempDirectory();
        await using var lab = new FakeUpstream(certificate: authority.Server("lab.invalid"));
        await using var proxy = new LoopbackProxy(lab.Url);
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "https://lab.invalid/v1", "proxy": "{{proxy.Address}}", "caFile": "{{directory.Write("ca.pem", authority.Pem)}}", "models": ["alpha"] } } }""");

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);

        Assert.StartsWith("CONNECT lab.invalid:443 ", Assert.Single(proxy.Heads), StringComparison.Ordinal);
        Assert.Equal("/v1/chat/completions", lab.Last.Target);
    }

    [Fact]
    public async Task A_proxy_that_refuses_or_is_not_there_is_told_as_the_proxys_failure()
    {
        await using var lab = new FakeUpstream();
        await using var proxy = new LoopbackProxy(lab.Url) { Refusal = "403 Forbidden" };
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "no": { "dialect": "openai-chat", "baseUrl": "https://lab.invalid/v1", "proxy": "{{proxy.Address}}" },
                             "gone": { "dialect": "openai-chat", "baseUrl": "https://lab.invalid/v1", "proxy": "127.0.0.1:1" } } }
            """);
        foreach (var name in new[] { "no", "gone" })
        {
            var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask(name + "/m"));
            Assert.Equal((502, "upstream, connect"), (answer.Status, answer.Header("x-milliways-failed")));
            Assert.Contains("proxy", answer.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_environments_proxy_is_for_hosted_presets_and_for_nobody_else()
    {
        await using var lab = new FakeUpstream();
        await using var proxy = new LoopbackProxy(lab.Url);
        await using var server = await TestServer.StartAsync(
            $$"""
            { "upstreams": { "hosted": { "preset": "groq", "baseUrl": "http://groq.invalid/v1", "apiKey": "k" },
                             "excepted": { "preset": "groq", "baseUrl": "http://inside.corp.invalid/v1", "apiKey": "k" },
                             "own": { "dialect": "openai-chat", "baseUrl": "http://own.invalid/v1" },
                             "near": {{TestServer.Lab(lab)}} } }
            """,
            environment: new() { ["HTTP_PROXY"] = "http://" + proxy.Address, ["NO_PROXY"] = "localhost,.corp.invalid" });

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask("hosted/m"))).Status);
        Assert.StartsWith("POST http://groq.invalid/v1/chat/completions ", Assert.Single(proxy.Heads), StringComparison.Ordinal);
        foreach (var name in new[] { "excepted/m", "own/m" })
            Assert.Equal("upstream, dns", (await server.PostAsync("/v1/chat/completions", Answers.Ask(name))).Header("x-milliways-failed"));
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask("near/alpha"))).Status);
        Assert.Single(proxy.Heads);
    }

    [Theory]
    [InlineData("https://api.x.ai/v1", "10.0.0.1:1")]
    [InlineData("http://api.x.ai/v1", "10.0.0.2:2")]
    [InlineData("https://example.com/", null)]
    [InlineData("https://a.example.com/", null)]
    [InlineData("https://notexample.com/", "10.0.0.1:1")]
    [InlineData("https://192.168.7.7/", null)]
    [InlineData("https://192.169.7.7/", "10.0.0.1:1")]
    public void No_proxy_has_names_suffixes_and_ranges(string target, string? proxy)
    {
        var environment = new Dictionary<string, string> { ["HTTPS_PROXY"] = "http://10.0.0.1:1", ["http_proxy"] = "10.0.0.2:2", ["no_proxy"] = "example.com, 192.168.0.0/16" };
        var proxies = new EnvironmentProxies(environment.GetValueOrDefault);
        var uri = new Uri(target);
        Assert.Equal(proxy, proxies.IsBypassed(uri) ? null : proxies.GetProxy(uri)!.Authority);
    }
}
