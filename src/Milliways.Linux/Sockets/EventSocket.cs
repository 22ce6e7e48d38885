using System.Net.Sockets;

namespace Milliways.Linux.Sockets;

/// <summary>What a socket tells the one who uses it, on its loop's thread. Only who waits is told.</summary>
internal interface ISocketWaiter
{
    void Readable();

    void Writable();

    /// <summary>The other side will send no more, or the connection is broken. What came before may still be unread.</summary>
    void PeerGone();
}

/// <summary>
/// A connected socket of one loop. Calls never block and take no wait in the kernel: a read that took less than it could is known to have taken everything
/// (epoll(7), "edge-triggered"), so the next one waits without asking first.
/// </summary>
internal sealed class EventSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly SafeSocketHandle _handle;
    private readonly EventLoop _loop;
    private readonly ISocketWaiter _waiter;
    private readonly DeferredSend _deferred;

    /// <summary>The kernel had no room once: the other side reads slowly, and what is sent to it is not deferred any more, so that whoever sends waits.</summary>
    private volatile bool _wasFull;
    private Readiness _in;
    private Readiness _out;
    private volatile bool _hidesMore;
    private int _isClosed;

    /// <param name="socket">Connected, or connecting when <paramref name="isConnecting"/>; this owns it.</param>
    /// <param name="isConnecting">It is writable when it is connected, which an event will tell.</param>
    public EventSocket(Socket socket, EventLoop loop, ISocketWaiter waiter, bool isConnecting = false)
    {
        (_socket, _handle, _loop, _waiter) = (socket, socket.SafeHandle, loop, waiter);
        _deferred = new DeferredSend(_handle);
        if (!isConnecting)
            _out = Readiness.Ready;
        loop.Add(this);
    }

    internal ulong Token { get; set; }

    public Socket Socket => _socket;

    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <summary>From here on the waiter is told.</summary>
    public void Watch() => _loop.Watch(this, _handle);

    /// <summary>Bytes received, 0 at the end, or -1: wait.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    public int Receive(Span<byte> buffer)
    {
        if (!_in.TryBegin())
            return -1;
        var received = 0;
        try
        {
            received = Epoll.Receive(_handle, buffer);
            return received == 0 && _deferred.Broken is { } broken ? throw broken : received;
        }
        finally
        {
            // An end and a broken connection stay so, and behind what came before them there is one of the two.
            if (received == buffer.Length || received == 0 || (received > 0 && _hidesMore))
                _in.HasMore();
        }
    }

    /// <summary>There are bytes, or an end, to be read.</summary>
    public bool IsReadable()
    {
        if (!_in.TryBegin())
            return false;
        Span<byte> one = stackalloc byte[1];
        var isReadable = true; // a broken connection is told by the next one as well
        try
        {
            return isReadable = Epoll.Receive(_handle, one, leaves: true) >= 0;
        }
        finally
        {
            if (isReadable)
                _in.HasMore();
        }
    }

    /// <summary>Bytes taken, or -1: wait. Behind those that were deferred.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    public int Send(ReadOnlySpan<byte> buffer)
    {
        var sent = TrySend(buffer);
        if (sent >= 0)
            return sent;
        _wasFull = true;
        // There may have been room again between the two, and the event for it is past.
        _out.TryBegin();
        return TrySend(buffer);
    }

    /// <summary>
    /// Takes all of it, to be sent before the loop sleeps: only on the loop's own thread, while it has others to serve, one at a time, and for a peer that reads. That the connection
    /// is broken is then told by the next call.
    /// </summary>
    public bool TryDefer(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length is 0 or > DeferredSend.Most || !_loop.HasMoreToServe || !_deferred.IsEmpty || _deferred.Broken is not null || _wasFull || IsClosed)
            return false;
        _deferred.Take(buffer);
        _loop.Defer(this);
        return true;
    }

    /// <summary>False when there is something deferred that the kernel has not taken yet: it is tried again as soon as there is room.</summary>
    /// <exception cref="SocketException">The connection is broken; what was deferred is lost.</exception>
    public bool TrySendDeferred()
    {
        if (_deferred.TrySend())
            return true;
        _wasFull = true;
        _out.TryBegin(); // as Send: an event that is past must not keep anybody from waiting
        return _deferred.TrySend();
    }

    /// <summary>For those who cannot tell anybody that the connection is broken.</summary>
    internal void SendDeferred()
    {
        try
        {
            if (!_deferred.TrySend())
                _wasFull = true;
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            // Whoever sends or receives next is told.
        }
    }

    public bool TryWaitToReceive() => _in.TryWait();

    public bool TryWaitToSend() => _out.TryWait();

    public bool TryStopReceiving() => _in.TryStop();

    public bool TryStopSending() => _out.TryStop();

    /// <summary>
    /// Sends no more; who waits to send is told by the loop. Receiving is never shut down: such a socket says nothing of the room that reading makes, and when it
    /// is closed then, a client that waits for room waits for a minute instead of being reset.
    /// </summary>
    public void ShutdownSend()
    {
        SendDeferred();
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The other side was faster.
        }
        catch (ObjectDisposedException)
        {
            // So did the one who closed it.
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            return;
        SendDeferred();
        _loop.Remove(this, _handle);
        _socket.Dispose();
        // Not here: whoever closes may hold a lock that those who waited want.
        if (_in.Happened())
            ThreadPool.UnsafeQueueUserWorkItem(static waiter => waiter.Readable(), _waiter, preferLocal: false);
        if (_out.Happened())
            ThreadPool.UnsafeQueueUserWorkItem(static waiter => waiter.Writable(), _waiter, preferLocal: false);
    }

    internal void Happened(uint what)
    {
        var isGone = (what & (Epoll.PeerHangUp | Epoll.HangUp | Epoll.Error)) != 0;
        if (isGone || (what & Epoll.Urgent) != 0)
        {
            // Behind a read that took less than it could there is an end now, or bytes behind an urgent one: seen before the reader is told.
            _hidesMore = true;
            Interlocked.MemoryBarrier();
        }
        if ((what & (Epoll.Out | Epoll.HangUp | Epoll.Error)) != 0)
        {
            SendDeferred();
            if (_out.Happened())
                _waiter.Writable();
        }
        if ((isGone || (what & (Epoll.In | Epoll.Urgent)) != 0) && _in.Happened())
            _waiter.Readable();
        if (isGone)
            _waiter.PeerGone();
    }

    private int TrySend(ReadOnlySpan<byte> buffer) => _deferred.TrySend() ? Epoll.Send(_handle, buffer) : -1;
}
