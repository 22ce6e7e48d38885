using System.Collections.Concurrent;
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

    /// <summary>They stay until the tests end: nobody else is given their ports.</summary>
    private static readonly ConcurrentBag<Socket> Taken = [];

    /// <summary>A port of the loopback at which nobody listens.</summary>
    public static int ClosedPort()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Taken.Add(socket);
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
