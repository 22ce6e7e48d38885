using System.Buffers;
using System.Net.Sockets;

namespace Milliways.Linux.Sockets;

/// <summary>
/// A few bytes of a socket that its loop sends a little later, together with those of other sockets. To send each answer by itself wakes whoever waits for it each
/// time, which costs more than the sending; together they wake it once (bench/results/2026-11-27-deferred.md).
/// </summary>
internal sealed class DeferredSend(SafeSocketHandle socket)
{
    /// <summary>The most bytes that are copied to be sent later.</summary>
    public const int Most = 8 << 10;

    /// <summary>Held while they are sent: by the loop, or by one that sends more behind them.</summary>
    private readonly Lock _gate = new();
    private byte[] _bytes = [];
    private int _sent;
    private volatile int _end;

    public bool IsEmpty => _end == 0;

    /// <summary>What they met when nobody was there to be told: the connection is broken, and the kernel says so only once.</summary>
    public SocketException? Broken { get; private set; }

    /// <summary>Copies them. There must be none before.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _bytes = ArrayPool<byte>.Shared.Rent(bytes.Length);
            bytes.CopyTo(_bytes);
            (_sent, _end) = (0, bytes.Length);
        }
    }

    /// <summary>False when the kernel has not taken all of them yet.</summary>
    /// <exception cref="SocketException">The connection is broken; what was left is lost.</exception>
    public bool TrySend()
    {
        if (Broken is { } broken)
            throw broken;
        if (IsEmpty)
            return true;
        lock (_gate)
        {
            var isOver = true;
            try
            {
                while (_sent < _end)
                {
                    var sent = Epoll.Send(socket, _bytes.AsSpan(_sent, _end - _sent));
                    if (sent < 0)
                        return isOver = false;
                    _sent += sent;
                }
                return true;
            }
            catch (SocketException failed)
            {
                Broken = failed;
                throw;
            }
            finally
            {
                if (isOver && _end > 0)
                {
                    ArrayPool<byte>.Shared.Return(_bytes);
                    (_bytes, _end) = ([], 0);
                }
            }
        }
    }
}
