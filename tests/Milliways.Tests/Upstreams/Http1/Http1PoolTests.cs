using System.Net;
using System.Net.Sockets;
using Milliways.Linux.Sockets;
using Milliways.Tests.Support;
using Milliways.Upstreams.Http1;

namespace Milliways.Tests.Upstreams.Http1;

/// <summary>Connections that nobody uses at the moment, with their servers' side of each in the test's hand.</summary>
public sealed class Http1PoolTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Http1Pool _pool = new(null!, most: null, TimeSpan.FromMinutes(1));

    public Http1PoolTests() => _listener.Start();

    public void Dispose()
    {
        _pool.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task The_connection_that_was_given_back_last_is_asked_next()
    {
        var ((older, _), (newer, _)) = (await ParkAsync(), await ParkAsync());

        Assert.Same(newer, _pool.Take());
        Assert.Same(older, _pool.Take());
        Assert.Null(_pool.Take());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_its_server_has_closed_or_has_spoken_on_is_passed_over_and_closed(bool speaks)
    {
        var (alive, _) = await ParkAsync();
        var (dead, server) = await ParkAsync();
        if (speaks)
            await server.SendAsync("HTTP/1.1 408 Request Timeout\r\n\r\n"u8.ToArray());
        else
            server.Shutdown(SocketShutdown.Send);
        await Patience.SeenAsync(() => !dead.IsAlive);

        Assert.Same(alive, _pool.Take());
        await ClosedAsync(server);
        Assert.Null(_pool.Take());
    }

    [Fact]
    public async Task A_sweep_closes_what_would_not_be_asked_again_and_leaves_the_rest()
    {
        var (dead, server) = await ParkAsync();
        var (alive, _) = await ParkAsync();
        server.Shutdown(SocketShutdown.Send);
        await Patience.SeenAsync(() => !dead.IsAlive);

        _pool.Sweep();

        await ClosedAsync(server);
        Assert.Same(alive, _pool.Take());
        Assert.Null(_pool.Take());
    }

    [Fact]
    public async Task A_connection_that_lay_too_long_is_not_asked_again()
    {
        using var impatient = new Http1Pool(null!, most: null, TimeSpan.Zero);
        var (_, server) = await ParkAsync(impatient);

        Assert.Null(impatient.Take());
        await ClosedAsync(server);
    }

    [Fact]
    public async Task A_pool_that_has_ended_keeps_nothing()
    {
        var (_, before) = await ParkAsync();
        _pool.Dispose();
        var (_, behind) = await ParkAsync();

        await ClosedAsync(before);
        await ClosedAsync(behind);
        Assert.Null(_pool.Take());
    }

    /// <summary>With FIN, or with RST where something was left unread.</summary>
    private static async Task ClosedAsync(Socket server)
    {
        try
        {
            Assert.Equal(0, await server.ReceiveAsync(new byte[1]).Soon());
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
        }
    }

    private async Task<(Http1Connection Ours, Socket Server)> ParkAsync(Http1Pool? pool = null)
    {
        var ours = await EventStream.ConnectAsync((IPEndPoint)_listener.LocalEndpoint, CancellationToken.None);
        var server = await _listener.AcceptSocketAsync();
        var connection = new Http1Connection(pool ?? _pool, ours, ours) { IdleSince = System.Diagnostics.Stopwatch.GetTimestamp() };
        (pool ?? _pool).Park(connection);
        return (connection, server);
    }
}
