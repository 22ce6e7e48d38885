using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Milliways.Hosting.Configuration;
using Milliways.Linux.Sockets;
using Milliways.Linux.Sockets.Server;

namespace Milliways.Hosting;

/// <summary>The web server as both processes use it: nothing that is not needed, bounds on everything, inline socket completions.</summary>
internal static class KestrelSetup
{
    /// <summary>
    /// Completions on the socket's own thread are the one big gain of the hot path, on both sides or not at all (40 % of the CPU). It forbids blocking on
    /// the path; <c>MILLIWAYS_INLINE=off</c> turns it off.
    /// </summary>
    public static bool Inline { get; } = Environment.GetEnvironmentVariable("MILLIWAYS_INLINE") != "off";

    /// <summary>
    /// Both sides' sockets are our own, on epoll (<see cref="EventLoop"/>): some 15 % less CPU again, for answers and for chunks. They are inline by nature, so where that is
    /// off, and where there is no epoll, the platform's do the work; <c>MILLIWAYS_SOCKETS=platform</c> chooses those too.
    /// </summary>
    public static bool OwnSockets { get; } = Inline && EventLoop.IsSupported && Environment.GetEnvironmentVariable("MILLIWAYS_SOCKETS") != "platform";

    /// <summary>Must run before the first socket is made: the runtime reads the variable once.</summary>
    public static void PrepareSockets()
    {
        if (Inline)
            Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
    }

    public static void Configure(WebApplicationBuilder builder)
    {
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, SocketBlocks>();
        builder.WebHost.ConfigureKestrel(Bound);
        if (OwnSockets)
            builder.Services.AddSingleton<IConnectionListenerFactory, EventTransport>();
        builder.Services.Configure<Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets.SocketTransportOptions>(sockets => sockets.UnsafePreferInlineScheduling = Inline);
    }

    /// <summary>Opens the ports: HTTP/1.1 for REST and HTTP/2 for gRPC, which share one where TLS lets a client choose.</summary>
    public static void Listen(KestrelServerOptions kestrel, ListenPorts ports, HttpsConnectionAdapterOptions? tls)
    {
        foreach (var address in ports.Http)
            Listen(kestrel, address, HttpProtocols.Http1, tls, _ => { });
        foreach (var address in ports.Grpc)
            Listen(kestrel, address, HttpProtocols.Http2, tls, address.IsTls ? _ => { } : port => port.Use(Mark));
    }

    /// <summary>HTTP/2 as gRPC uses it: long calls, many at a time, large messages.</summary>
    public static void Bound(Http2Limits limits, GrpcConfig grpc)
    {
        limits.MaxStreamsPerConnection = grpc.MaxStreamsPerConnection;
        // A message of a few images should not wait for window updates; what a stream may hold unread stays bounded.
        (limits.InitialStreamWindowSize, limits.InitialConnectionWindowSize) = (1 << 20, 4 << 20);
        limits.MaxRequestHeaderFieldSize = 32 << 10;
        // A peer that is gone without a word is noticed while a call waits for its model; and one that keeps its connection although it was told to go away lets the
        // server stop with its next answer.
        (limits.KeepAlivePingDelay, limits.KeepAlivePingTimeout) = (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20));
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, HttpProtocols plain, HttpsConnectionAdapterOptions? tls, Action<ListenOptions> more)
    {
        void Configure(ListenOptions port)
        {
            port.Protocols = address.IsTls ? HttpProtocols.Http1AndHttp2 : plain;
            if (port.Protocols.HasFlag(HttpProtocols.Http2))
                port.Use(kestrel.ApplicationServices.GetRequiredService<ClosedConnections>().LetGo);
            more(port);
            if (address.IsTls)
                port.UseHttps(tls!);
        }
        if (address.IsEverywhere)
            kestrel.ListenAnyIP(address.Port, Configure);
        else if (address.Ip is { } ip)
            kestrel.Listen(ip, address.Port, Configure);
        else
            kestrel.ListenLocalhost(address.Port, Configure);
    }

    /// <summary>Its connections are those of a port that speaks gRPC and nothing else.</summary>
    private static ConnectionDelegate Mark(ConnectionDelegate next) => connection =>
    {
        connection.Features.Set(GrpcPort.Instance);
        return next(connection);
    };

    /// <summary>Contract, "HTTP bounds".</summary>
    private static void Bound(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
        var limits = kestrel.Limits;
        limits.MaxRequestLineSize = 8 << 10;
        limits.MaxRequestHeaderCount = 100;
        limits.MaxRequestHeadersTotalSize = 32 << 10;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        // A caller that stops reading is let go by the sweep, which knows why; a slow one is not slow to us.
        limits.MinResponseDataRate = null;
        // Bodies are bounded where they are read, with an answer in the caller's dialect.
        limits.MaxRequestBodySize = null;
    }
}
