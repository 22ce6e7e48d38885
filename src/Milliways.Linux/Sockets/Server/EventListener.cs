using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Milliways.Linux.Sockets.Server;

/// <summary>A port: takes what comes and spreads it over the loops.</summary>
internal sealed class EventListener(Socket socket, MemoryPool<byte> pool) : IConnectionListener
{
    private static readonly TimeSpan Exhausted = TimeSpan.FromMilliseconds(100);

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
            catch (SocketException failed)
            {
                // One connection was reset before it was taken; or there is no descriptor or memory for more, and asking again at once would only burn a processor.
                if (failed.SocketErrorCode is not (SocketError.ConnectionReset or SocketError.ConnectionAborted))
                    await Task.Delay(Exhausted, cancellationToken);
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
