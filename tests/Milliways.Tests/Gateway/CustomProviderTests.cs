using System.Net;
using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;
using Milliways.Upstreams.Tenants;

namespace Milliways.Tests.Gateway;

/// <summary>Providers that teams add, and what they must never reach (cloudflare 3.20; contract, "Tenants' upstreams").</summary>
public sealed class CustomProviderTests
{
    private const string AllowLoopback = """{ "security": { "allowPrivateUpstreams": ["127.0.0.0/8"] } }""";

    [Theory]
    [InlineData("https://127.0.0.1")]
    [InlineData("https://localhost:8443/x")]
    [InlineData("https://169.254.169.254/latest")]
    [InlineData("https://100.64.0.1")]
    [InlineData("https://10.0.0.1")]
    [InlineData("https://[::1]")]
    [InlineData("https://[::ffff:127.0.0.1]")]
    [InlineData("https://[fe80::1]")]
    [InlineData("https://2130706433")]
    [InlineData("https://0x7f000001")]
    [InlineData("https://0177.0.0.1")]
    [InlineData("https://127.1")]
    [InlineData("http://93.184.216.34")]
    [InlineData("ftp://example.org")]
    [InlineData("nonsense")]
    [InlineData("https://user:secret@93.184.216.34")]
    [InlineData("https://93.184.216.34/?x=1")]
    [InlineData("https://93.184.216.34/a/../b")]
    public async Task An_address_that_must_not_be_called_is_refused_when_it_is_saved(string address)
    {
        await using var server = await TestServer.StartAsync();
        var refused = await Assert.ThrowsAsync<CommandException>(() => server.Service<GatewayCommands>().AddProviderAsync(OperatorActor.Instance, new AddCustomProvider(null, "x", null, address, null)));
        Assert.Equal(CommandProblem.Invalid, refused.Problem);
        Assert.StartsWith("base_url", refused.Message, StringComparison.Ordinal);
        Assert.Empty(server.Service<GatewayStore>().ProvidersOf(server.Account));
    }

    [Fact]
    public async Task A_name_that_changes_its_mind_is_refused_when_it_is_called()
    {
        await using var inside = new FakeUpstream();
        await using var provider = new FakeUpstream();
        IPAddress[] addresses = [IPAddress.Parse("93.184.216.34"), IPAddress.Loopback];
        await using var server = await GatewayServers.StartAsync(provider, names: (_, _) => Task.FromResult(addresses));
        var account = server.Account;
        var now = DateTimeOffset.UnixEpoch;
        foreach (var (slug, url) in new[] { ("name", $"https://llm.example.org:{inside.Port}"), ("plain", $"http://llm.example.org:{inside.Port}"), ("literal", $"https://127.0.0.1:{inside.Port}"), ("decimal", $"https://2130706433:{inside.Port}") })
        {
            var store = server.Service<GatewayStore>();
            store.Change(() => store.Write(new CustomProvider(Guid.CreateVersion7(), account, slug, slug, url, IsEnabled: true, now, now))); // saved when it looked well
            foreach (var (path, body) in new[] { ($"/custom-{slug}/v1/chat/completions", Answers.Ask("m")), ("/compat/chat/completions", Answers.Ask($"custom-{slug}/m")), ($"/custom-{slug}/any", "{}") })
            {
                var answer = await server.PostAsync(server.Gateway + path, body, server.Own());
                Assert.Equal((502, 2005), answer.Error());
                Assert.Contains(AddressRules.Refusal(slug != "plain"), answer.Message(), StringComparison.Ordinal);
            }
        }
        Assert.Empty(inside.Received);
        Assert.Equal(0, inside.Connections);
    }

    [Fact]
    public async Task A_redirect_is_the_callers_to_follow()
    {
        await using var inside = new FakeUpstream();
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("", 302, headers: $"Location: {inside.Url}/secret"));
        await using var server = await GatewayServers.StartAsync(provider, AllowLoopback);
        await server.Service<GatewayCommands>().AddProviderAsync(OperatorActor.Instance, new AddCustomProvider(null, "x", null, provider.Url, null));
        var answer = await server.GetAsync(server.Gateway + "/custom-x/a", server.Own());
        Assert.Equal((302, inside.Url + "/secret"), (answer.Status, answer.Header("Location")));
        Assert.Empty(inside.Received);
    }

    [Fact]
    public async Task A_custom_providers_paths_go_behind_its_address_as_they_are()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, AllowLoopback);
        var gateways = server.Service<GatewayCommands>();
        await gateways.AddProviderAsync(OperatorActor.Instance, new AddCustomProvider(null, "lab", "Our lab", provider.Url + "/v1", null));
        await server.PostAsync(server.Gateway + "/custom-lab/v1/chat/completions?a=%2F", Answers.Ask("m"), server.Own());
        Assert.Equal(("/v1/v1/chat/completions?a=%2F", "Bearer sk-caller"), (provider.Last.Target, provider.Last.Header("Authorization"))); // in both places it doubles
        await gateways.AddProviderAsync(OperatorActor.Instance, new AddCustomProvider(null, "custom-lab", null, provider.Url, null)); // moved, the same slug
        await server.PostAsync(server.Gateway + "/custom-lab/v1/chat/completions", Answers.Ask("m"), server.Own());
        Assert.Equal("/v1/chat/completions", provider.Last.Target);
        await gateways.AddProviderAsync(OperatorActor.Instance, new AddCustomProvider(null, "lab", null, null, Enable: false));
        Assert.Equal((400, 2008), (await server.PostAsync(server.Gateway + "/custom-lab/x", "{}", server.Own())).Error());
        gateways.RemoveProvider(OperatorActor.Instance, null, "lab");
        Assert.Equal((400, 2008), (await server.PostAsync(server.Gateway + "/custom-lab/x", "{}", server.Own())).Error());
    }
}
