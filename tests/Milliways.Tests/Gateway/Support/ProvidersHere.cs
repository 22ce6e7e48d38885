using Microsoft.Extensions.DependencyInjection;
using Milliways.Gateway.Providers;
using Milliways.Tests.Support;
using Milliways.Upstreams.Tenants;

namespace Milliways.Tests.Gateway.Support;

/// <summary>Puts a fake upstream in the place of every provider of the table; the host that was meant stands first in the path that arrives.</summary>
internal sealed class ProvidersHere(FakeUpstream upstream) : ProviderHosts
{
    public override string Base(string address) => $"{upstream.Url}/{address["https://".Length..]}";

    /// <summary>Names that tenants' addresses have here.</summary>
    public Resolver? Names { get; init; }

    public override Resolver? Resolver => Names;
}

/// <summary>Servers whose providers are a fake upstream.</summary>
internal static class GatewayServers
{
    public static Task<TestServer> StartAsync(FakeUpstream providers, string config = "{}", TimeProvider? clock = null, bool governance = false, Resolver? names = null) =>
        TestServer.StartAsync(config, clock, more: services => services.AddSingleton<ProviderHosts>(new ProvidersHere(providers) { Names = names }), governance: governance);

    /// <summary>The token that opens the gateway, and a key of the caller's own.</summary>
    public static (string Name, string Value)[] Own(this TestServer server, string header = "Authorization", string value = "Bearer sk-caller") =>
        [("cf-aig-authorization", "Bearer " + server.Key), (header, value)];

    /// <summary>Cloudflare's form of an error: its status and its number.</summary>
    public static (int Status, int Code) Error(this Answer answer)
    {
        var json = answer.Json;
        Assert.False(json.GetProperty("success").GetBoolean());
        Assert.Equal("AiGatewayError", json.GetProperty("name").GetString());
        Assert.Equal(answer.Status, json.GetProperty("httpCode").GetInt32());
        var (code, message) = (json.GetProperty("internalCode").GetInt32(), json.GetProperty("message").GetString());
        var error = Assert.Single(json.GetProperty("error").EnumerateArray().ToArray());
        Assert.Equal((code, message), (error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString()));
        Assert.Equal(message, json.GetProperty("description").GetString());
        Assert.Empty(json.GetProperty("result").EnumerateArray());
        Assert.Empty(json.GetProperty("messages").EnumerateArray());
        return (answer.Status, code);
    }

    public static string Message(this Answer answer) => answer.Json.GetProperty("message").GetString()!;
}
