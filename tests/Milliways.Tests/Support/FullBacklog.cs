using System.Net;
using System.Net.Sockets;

namespace Milliways.Tests.Support;

/// <summary>A port whose queue of connections is full and never emptied: the next one that is tried gets no answer.</summary>
internal sealed class FullBacklog : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _queued = [];

    public FullBacklog()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        while (_queued.Count < 64)
        {
            var one = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _queued.Add(one);
            try
            {
                one.Connect(_listener.LocalEndPoint!);
            }
            catch (SocketException pending) when (pending.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                if (!one.Poll(200_000, SelectMode.SelectWrite))
                    return; // this one waits, and so will the next
            }
        }
        throw new InvalidOperationException("This system's queue of connections cannot be filled.");
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose()
    {
        foreach (var one in _queued)
            one.Dispose();
        _listener.Dispose();
    }
}
