using System.Net;
using System.Net.Sockets;

namespace Milliways.Linux.Sockets;

/// <summary>
/// A connection to another server as a stream: one read and one write at a time, as HTTP clients and TLS do, each without allocation. Bytes are read and written as
/// they are asked for; what a loop has deferred (<see cref="DeferredSend"/>) goes out with a flush, or by itself soon after.
/// </summary>
public sealed class EventStream : Stream, ISocketWaiter
{
    /// <summary>Until a Unix socket whose queue of connections is full is tried again.</summary>
    private static readonly TimeSpan FullQueue = TimeSpan.FromMilliseconds(10);

    private readonly EventSocket _socket;
    private readonly Reading _reading;
    private readonly Writing _writing;

    private EventStream(Socket socket, bool isConnecting)
    {
        _socket = new EventSocket(socket, EventLoop.Near, this, isConnecting);
        (_reading, _writing) = (new Reading(this), new Writing(this));
    }

    /// <summary>Sees what passes, and says what a broken connection means; set before the first byte.</summary>
    public IStreamWatch? Watch { get; set; }

    /// <summary>There are bytes or an end to be read, or the connection is broken. Asks the kernel only when something has happened since it was read empty; not while a read waits.</summary>
    public bool IsReadable
    {
        get
        {
            try
            {
                return _socket.IsClosed || _socket.IsReadable();
            }
            catch (Exception broken) when (IsBreak(broken))
            {
                return true;
            }
        }
    }

    /// <summary>Connects to the first of the addresses that accepts.</summary>
    /// <exception cref="SocketException">None did; this is what the last one said.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before one did.</exception>
    public static async ValueTask<EventStream> ConnectAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancel)
    {
        SocketException? refused = null;
        foreach (var address in addresses)
            try
            {
                return await ConnectAsync(new IPEndPoint(address, port), cancel).ConfigureAwait(false);
            }
            catch (SocketException no)
            {
                refused = no;
            }
        throw refused ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <param name="address">Of an IP address's port, or of a Unix socket.</param>
    /// <exception cref="SocketException">The address does not accept.</exception>
    public static async ValueTask<EventStream> ConnectAsync(EndPoint address, CancellationToken cancel)
    {
        var isTcp = address.AddressFamily != AddressFamily.Unix;
        while (true)
            try
            {
                cancel.ThrowIfCancellationRequested();
                return await TryConnectAsync(address, isTcp, cancel).ConfigureAwait(false);
            }
            catch (SocketException full) when (!isTcp && full.SocketErrorCode == SocketError.WouldBlock)
            {
                await Task.Delay(FullQueue, cancel).ConfigureAwait(false); // nothing tells when there is room
            }
    }

    private static async ValueTask<EventStream> TryConnectAsync(EndPoint address, bool isTcp, CancellationToken cancel)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, isTcp ? ProtocolType.Tcp : ProtocolType.Unspecified) { Blocking = false };
        EventStream? stream = null;
        try
        {
            var isDone = true;
            if (isTcp)
                socket.NoDelay = true;
            try
            {
                socket.Connect(address);
            }
            catch (SocketException begun) when (isTcp && begun.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                isDone = false;
            }
            stream = new EventStream(socket, isConnecting: !isDone);
            stream._socket.Watch();
            if (!isDone)
            {
                await stream._writing.StartAsync(default, waits: true, cancel);
                if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int error and not 0)
                    throw new SocketException(error);
            }
            return stream;
        }
        catch
        {
            if (stream is null)
                socket.Dispose();
            else
                await stream.DisposeAsync();
            throw;
        }
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>An empty buffer waits until there is something to read, and takes nothing.</summary>
    /// <exception cref="IOException">The connection is broken or was closed.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _reading.StartAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <exception cref="IOException">The connection is broken or was closed.</exception>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => _writing.StartAsync(buffer, waits: false, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => _socket.SendDeferred();

    /// <summary>Until the kernel has taken everything.</summary>
    /// <exception cref="IOException">The connection is broken or was closed.</exception>
    public override Task FlushAsync(CancellationToken cancellationToken) => _writing.StartAsync(default, waits: false, cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("It would block the thread that serves other sockets.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("It would block the thread that serves other sockets.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    void ISocketWaiter.Readable() => _reading.GoOn();

    void ISocketWaiter.Writable() => _writing.GoOn();

    void ISocketWaiter.PeerGone()
    {
        // Whoever reads finds it out.
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _socket.Dispose();
        base.Dispose(disposing);
    }

    private IOException Broken(Exception why)
    {
        var broken = why as IOException ?? new IOException(why is ObjectDisposedException ? "The connection was closed." : "The connection is broken.", why);
        return Watch?.Broken(broken) ?? broken;
    }

    private static bool IsBreak(Exception broken) => broken is SocketException or ObjectDisposedException or IOException;

    private sealed class Reading(EventStream owner) : SocketOperation<int>(owner._socket, Direction.Receive)
    {
        private Memory<byte> _buffer;

        public ValueTask<int> StartAsync(Memory<byte> buffer, CancellationToken cancel)
        {
            Claim();
            if (cancel.IsCancellationRequested)
                return ValueTask.FromCanceled<int>(cancel);
            try
            {
                if (TryReceive(buffer.Span, out var received))
                    return new ValueTask<int>(received);
            }
            catch (Exception broken) when (IsBreak(broken))
            {
                return ValueTask.FromException<int>(owner.Broken(broken));
            }
            _buffer = buffer;
            return new ValueTask<int>(this, Wait(cancel));
        }

        protected override bool TryRun(out int received) => TryReceive(_buffer.Span, out received);

        protected override Exception Meaning(Exception failure) => IsBreak(failure) ? owner.Broken(failure) : failure;

        /// <summary>Forgets the caller's memory.</summary>
        protected override void Ended() => _buffer = default;

        private bool TryReceive(Span<byte> buffer, out int received)
        {
            ObjectDisposedException.ThrowIf(owner._socket.IsClosed, owner);
            received = buffer.IsEmpty ? owner._socket.IsReadable() ? 0 : -1 : owner._socket.Receive(buffer);
            if (received < 0)
                return false;
            owner.Watch?.Read(received, buffer.IsEmpty);
            return true;
        }
    }

    private sealed class Writing(EventStream owner) : SocketOperation<bool>(owner._socket, Direction.Send)
    {
        private ReadOnlyMemory<byte> _left;
        private bool _isWaitOnly;

        /// <param name="left">What is to be sent.</param>
        /// <param name="waits">Only waits until the socket can be written to.</param>
        /// <param name="cancel">Ends it; what was sent by then is sent.</param>
        public ValueTask StartAsync(ReadOnlyMemory<byte> left, bool waits, CancellationToken cancel)
        {
            Claim();
            if (cancel.IsCancellationRequested)
                return ValueTask.FromCanceled(cancel);
            (_left, _isWaitOnly) = (left, waits);
            owner.Watch?.Writing(left.Span);
            try
            {
                if (!waits && (owner._socket.TryDefer(left.Span) || TryRun(out _)))
                {
                    _left = default;
                    return ValueTask.CompletedTask;
                }
            }
            catch (Exception broken) when (IsBreak(broken))
            {
                _left = default;
                return ValueTask.FromException(owner.Broken(broken));
            }
            return new ValueTask(this, Wait(cancel));
        }

        protected override bool TryRun(out bool isSent)
        {
            isSent = true;
            ObjectDisposedException.ThrowIf(owner._socket.IsClosed, owner);
            if (_isWaitOnly)
                return true;
            if (!owner._socket.TrySendDeferred())
                return false;
            while (_left.Length > 0)
            {
                var sent = owner._socket.Send(_left.Span);
                if (sent < 0)
                    return false;
                _left = _left[sent..];
            }
            return true;
        }

        protected override Exception Meaning(Exception failure) => IsBreak(failure) ? owner.Broken(failure) : failure;

        /// <summary>Forgets the caller's memory.</summary>
        protected override void Ended() => _left = default;
    }
}
