using System.Reflection;
using Milliways.Hosting.Configuration;
using Milliways.Tests.Support;
using Milliways.Upstreams;
using Milliways.Upstreams.Http1;

namespace Milliways.Tests.Upstreams;

/// <summary>How long connections to upstreams are kept: too long for a test to wait for, so the settings themselves are looked at.</summary>
public sealed class ConnectionSettingsTests
{
    private static readonly TimeSpan Connect = TimeSpan.FromSeconds(7);

    [Theory]
    [InlineData(true, 60)]
    [InlineData(false, 4)]
    public async Task An_idle_connection_is_closed_before_its_server_does_and_an_old_one_after_five_minutes(bool hosted, int seconds)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Service<UpstreamClients>().For(new UpstreamConfig("any") { MaxConnections = 3 }, hosted, Connect);
        var handler = HandlerOf(client);

        Assert.Equal(TimeSpan.FromSeconds(seconds), handler.PooledConnectionIdleTimeout);
        Assert.Equal(TimeSpan.FromMinutes(5), handler.PooledConnectionLifetime);
        Assert.Equal(3, handler.MaxConnectionsPerServer);
        Assert.SkipUnless(Milliways.Hosting.KestrelSetup.OwnSockets, "HTTP/1.1 is the platform's here too.");
        var own = (Http1Handler)Outer(client);
        Assert.Equal((TimeSpan.FromSeconds(seconds), 3, TimeSpan.FromMinutes(5)), (own.Idle, own.Most, Http1Pool.Lifetime));
        Assert.False(handler.AllowAutoRedirect || handler.UseCookies);
    }

    [Fact]
    public async Task Upstreams_that_connect_alike_share_their_connections_and_others_do_not()
    {
        await using var server = await TestServer.StartAsync();
        var clients = server.Service<UpstreamClients>();
        HttpMessageInvoker For(bool hosted, int? most = null) => clients.For(new UpstreamConfig("any") { MaxConnections = most }, hosted, Connect);

        Assert.Same(For(hosted: true), For(hosted: true));
        Assert.NotSame(For(hosted: true), For(hosted: false));
        Assert.NotSame(For(hosted: true), For(hosted: true, most: 3));
        Assert.Equal(int.MaxValue, HandlerOf(For(hosted: true)).MaxConnectionsPerServer);
    }

    /// <summary>The framework shows a client's handler to nobody.</summary>
    private static object Outer(HttpMessageInvoker client) => typeof(HttpMessageInvoker).GetField("_handler", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(client)!;

    private static SocketsHttpHandler HandlerOf(HttpMessageInvoker client) => (SocketsHttpHandler)(Outer(client) is Http1Handler own ? own.InnerHandler! : Outer(client));
}
