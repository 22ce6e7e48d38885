using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Milliways.Sockets.Server;

/// <summary>A port: takes what comes and spreads it over the loops.</summary>
internal sealed class EventListener(Socket socket, MemoryPool<byte> pool) : IConnectionListener
{
    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                try
                {
                    (accepted.NoDelay, accepted.Blocking) = (true, false);
                    return EventConnection.Start(accepted, pool);
                }
                catch (Exception gone) when (gone is SocketException or InvalidOperationException)
                {
                    accepted.Dispose(); // it came and went
                }
            }
            catch (Exception closed) when (closed is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return null; // unbound
            }
            catch (SocketException)
            {
                // One connection was reset before it was taken.
            }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        socket.Dispose();
        return default;
    }

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        pool.Dispose();
        return default;
    }
}
