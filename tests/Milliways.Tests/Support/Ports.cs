using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Milliways.Hosting;

namespace Milliways.Tests.Support;

internal static class Ports
{
    /// <summary>As Program does before its first socket: what is tested is what runs.</summary>
    [ModuleInitializer]
    internal static void Prepare() => KestrelSetup.PrepareSockets();

    /// <summary>A port of the loopback at which nobody listens.</summary>
    public static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
