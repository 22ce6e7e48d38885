using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Milliways.Linux.Sockets.Server;

/// <summary>Gives Kestrel connections that live on <see cref="EventLoop"/>s; what is no TCP port is left to its own transport.</summary>
public sealed class EventTransport(IMemoryPoolFactory<byte> pools) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.Listen(512);
        }
        catch (SocketException taken)
        {
            socket?.Dispose();
            if (taken.SocketErrorCode != SocketError.AddressAlreadyInUse)
                throw;
            throw new AddressInUseException(taken.Message, taken);
        }
        return ValueTask.FromResult<IConnectionListener>(new EventListener(socket, pools.Create(new MemoryPoolOptions { Owner = "kestrel" })));
    }
}
