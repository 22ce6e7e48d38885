using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Milliways.Hosting;

/// <summary>The web server as both processes use it: nothing that is not needed, bounds on everything, inline socket completions.</summary>
internal static class KestrelSetup
{
    /// <summary>
    /// Completions on the socket's own thread are the one big gain of the hot path, on both sides or not at all (40 % of the CPU). It forbids blocking on
    /// the path; <c>MILLIWAYS_INLINE=off</c> turns it off.
    /// </summary>
    public static bool Inline { get; } = Environment.GetEnvironmentVariable("MILLIWAYS_INLINE") != "off";

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
        builder.Services.Configure<Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets.SocketTransportOptions>(sockets => sockets.UnsafePreferInlineScheduling = Inline);
    }

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
