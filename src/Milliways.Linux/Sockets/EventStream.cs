using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Milliways.Linux.Sockets;

/// <summary>
/// A connection to another server as a stream: one read and one write at a time, as HTTP clients and TLS do, each without allocation. Bytes are read and written as
/// they are asked for; nothing is buffered, so there is nothing to flush.
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

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

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

    /// <summary>One operation at a time, which the loop completes when it could not be at once.</summary>
    private abstract class Operation<T>(EventStream owner)
    {
        protected EventStream Owner { get; } = owner;

        private ManualResetValueTaskSourceCore<T> _source;
        private CancellationTokenRegistration _cancelled;
        private CancellationToken _cancel;
        private volatile bool _isCancelled;
        private volatile bool _isPending;

        protected short Version => _source.Version;

        public T GetResult(short token)
        {
            try
            {
                return _source.GetResult(token);
            }
            finally
            {
                _source.Reset();
            }
        }

        public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _source.OnCompleted(continuation, state, token, flags);

        /// <summary>
        /// Looks again, and waits again if there was nothing: for whoever has ended the wait, by an event, by closing or by cancelling. What it looks at is always the
        /// operation that stands now, so one who comes too late does no harm.
        /// </summary>
        public void GoOn()
        {
            T result;
            try
            {
                do
                {
                    if (_isCancelled)
                        throw new OperationCanceledException(_cancel);
                    if (TryRun(out result))
                        break;
                    if (TryWait())
                        return;
                }
                while (true);
            }
            catch (Exception broken) when (broken is OperationCanceledException || IsBreak(broken))
            {
                Ended();
                _source.SetException(broken is OperationCanceledException ? broken : Owner.Broken(broken));
                return;
            }
            Ended();
            _source.SetResult(result);
        }

        /// <summary>Waits for the loop, which may complete it before this returns.</summary>
        protected void Wait(CancellationToken cancel)
        {
            _isPending = true;
            if (cancel.CanBeCanceled)
            {
                _cancel = cancel;
                _cancelled = cancel.UnsafeRegister(static operation => ((Operation<T>)operation!).Cancel(), this);
            }
            if (!TryWait())
                GoOn();
        }

        protected abstract bool TryRun(out T result);

        protected abstract bool TryWaitOnSocket();

        protected abstract bool TryStop();

        /// <summary>One at a time: two would take each other's bytes.</summary>
        protected void Claim()
        {
            if (_isPending)
                throw new InvalidOperationException("The one before has not ended yet.");
        }

        /// <summary>Forgets the caller's memory.</summary>
        protected abstract void Release();

        /// <summary>False when it is time to look again; what was closed or cancelled before the wait began tells nobody any more.</summary>
        private bool TryWait() => TryWaitOnSocket() && !((Owner._socket.IsClosed || _isCancelled) && TryStop());

        private void Cancel()
        {
            _isCancelled = true;
            if (TryStop())
                GoOn();
        }

        private void Ended()
        {
            _cancelled.Dispose(); // a cancellation that runs is waited for: it must not meet the next operation
            (_cancelled, _cancel, _isCancelled, _isPending) = (default, default, false, false);
            Release();
        }
    }

    private sealed class Reading(EventStream stream) : Operation<int>(stream), IValueTaskSource<int>
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
                return ValueTask.FromException<int>(Owner.Broken(broken));
            }
            _buffer = buffer;
            var version = Version;
            Wait(cancel);
            return new ValueTask<int>(this, version);
        }

        protected override bool TryRun(out int received) => TryReceive(_buffer.Span, out received);

        protected override bool TryWaitOnSocket() => Owner._socket.TryWaitToReceive();

        protected override bool TryStop() => Owner._socket.TryStopReceiving();

        protected override void Release() => _buffer = default;

        private bool TryReceive(Span<byte> buffer, out int received)
        {
            ObjectDisposedException.ThrowIf(Owner._socket.IsClosed, Owner);
            received = buffer.IsEmpty ? Owner._socket.IsReadable() ? 0 : -1 : Owner._socket.Receive(buffer);
            if (received < 0)
                return false;
            Owner.Watch?.Read(received, buffer.IsEmpty);
            return true;
        }
    }

    private sealed class Writing(EventStream stream) : Operation<bool>(stream), IValueTaskSource
    {
        private ReadOnlyMemory<byte> _left;
        private bool _isWaitOnly;

        /// <param name="left">What is to be sent.</param>
        /// <param name="waits">Only waits until the socket can be written to.</param>
        public ValueTask StartAsync(ReadOnlyMemory<byte> left, bool waits, CancellationToken cancel)
        {
            Claim();
            if (cancel.IsCancellationRequested)
                return ValueTask.FromCanceled(cancel);
            (_left, _isWaitOnly) = (left, waits);
            Owner.Watch?.Writing(left.Span);
            try
            {
                if (!waits && TryRun(out _))
                {
                    _left = default;
                    return ValueTask.CompletedTask;
                }
            }
            catch (Exception broken) when (IsBreak(broken))
            {
                _left = default;
                return ValueTask.FromException(Owner.Broken(broken));
            }
            var version = Version;
            Wait(cancel);
            return new ValueTask(this, version);
        }

        void IValueTaskSource.GetResult(short token) => GetResult(token);

        protected override bool TryRun(out bool isSent)
        {
            isSent = true;
            ObjectDisposedException.ThrowIf(Owner._socket.IsClosed, Owner);
            if (_isWaitOnly)
                return true;
            while (_left.Length > 0)
            {
                var sent = Owner._socket.Send(_left.Span);
                if (sent < 0)
                    return false;
                _left = _left[sent..];
            }
            return true;
        }

        protected override bool TryWaitOnSocket() => Owner._socket.TryWaitToSend();

        protected override bool TryStop() => Owner._socket.TryStopSending();

        protected override void Release() => _left = default;
    }
}
