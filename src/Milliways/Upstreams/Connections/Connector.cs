using System.Net;
using System.Net.Sockets;
using Milliways.Hosting;
using Milliways.Linux.Sockets;

namespace Milliways.Upstreams.Connections;

/// <summary>
/// Makes the TCP connections of one pool: every step can be told apart when it fails, and the time for all of them, handshake included, is measured by the
/// server's own clock.
/// </summary>
internal sealed class Connector(TimeSpan limit, TimeProvider time)
{
    /// <summary>The handler's own bound stands behind ours, for handshakes that pass through a proxy's tunnel, which we do not see.</summary>
    public static TimeSpan Behind(TimeSpan limit) => limit + TimeSpan.FromSeconds(5);

    /// <summary>For the platform's handler, which may stand before a proxy.</summary>
    public ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var request = context.InitialRequestMessage;
        var isProxy = request.Method == HttpMethod.Connect
            || (request.RequestUri is { } target && target.Host != context.DnsEndPoint.Host && !target.IdnHost.Equals(context.DnsEndPoint.Host, StringComparison.OrdinalIgnoreCase));
        return ConnectAsync(request, context.DnsEndPoint, isProxy, cancel);
    }

    /// <summary>Completes with a connection that stands, or is to be made safe yet where the address wants TLS (<see cref="PendingConnection"/>).</summary>
    /// <exception cref="ConnectException">None was made.</exception>
    public async ValueTask<Stream> ConnectAsync(HttpRequestMessage request, DnsEndPoint end, bool isProxy, CancellationToken cancel)
    {
        var pending = new PendingConnection(request, limit, time);
        Stream? stream = null;
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, pending.Late);
            var addresses = await AddressesAsync(end.Host, stop.Token);
            pending.Stage = ConnectStage.Connect;
            stream = await OpenAsync(addresses, end.Port, stop.Token);
            if (request.RequestUri?.Scheme == "https" && !isProxy)
                pending.EndWithTime(stream);
            else
                pending.Done();
            return stream;
        }
        catch (Exception broken)
        {
            stream?.Dispose();
            var failure = Describe(broken, pending, isProxy);
            pending.Dispose();
            if (failure is null)
                throw;
            throw failure;
        }
    }

    private static async ValueTask<Stream> OpenAsync(IPAddress[] addresses, int port, CancellationToken cancel)
    {
        if (KestrelSetup.OwnSockets)
            return await EventStream.ConnectAsync(addresses, port, cancel);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancel) =>
        IPAddress.TryParse(host, out var address) ? [address] : await Dns.GetHostAddressesAsync(host, cancel);

    private static ConnectException? Describe(Exception broken, PendingConnection pending, bool isProxy)
    {
        var whose = isProxy ? "its proxy's" : "its";
        return broken switch
        {
            OperationCanceledException when pending.IsLate => Late(pending, broken),
            SocketException when pending.Stage == ConnectStage.Dns => new(ConnectStage.Dns, isProxy ? "its proxy's name cannot be resolved" : "its host's name cannot be resolved", broken),
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } => new(ConnectStage.Connect, $"nobody accepts connections at {whose} address", broken),
            SocketException => new(ConnectStage.Connect, $"{whose} address cannot be reached from here", broken),
            _ => null,
        };
    }

    /// <summary>The failure of a connection whose time was over.</summary>
    public static ConnectException Late(PendingConnection pending, Exception? broken) => new(pending.Stage, pending.Stage switch
    {
        ConnectStage.Dns => "its host's name was not resolved in time",
        ConnectStage.Tls => "the TLS handshake was not done in time",
        _ => "no connection was accepted in time",
    }, broken, isTimeout: true);
}
