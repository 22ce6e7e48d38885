using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Milliways.Linux.Sockets.Server;

/// <summary>
/// The bytes of a socket, received when the reader wants more than it has seen, always in one piece. A block is held only while there are bytes in it; what does not
/// fit a block is kept in a larger array, and how far that goes is bounded by the server's limits on heads, and by whoever leaves a body unread.
/// </summary>
internal sealed class EventPipeReader : PipeReader
{
    private const int MostDrained = 1 << 20;

    private readonly EventSocket _socket;
    private readonly MemoryPool<byte> _pool;
    private readonly Action _tellEnd;
    private readonly Reading _reading;

    /// <summary>Held while bytes are received, so that the memory is not given back under them.</summary>
    private readonly Lock _gate = new();
    private volatile bool _isReadCancelled;
    private volatile bool _isComplete;
    private volatile bool _isAborted;
    private bool _isEnd;
    private Exception? _broken;

    private IMemoryOwner<byte>? _block;
    private byte[] _bytes = [];
    private int _start;
    private int _examined;
    private int _end;

    /// <param name="socket">Where the bytes come from.</param>
    /// <param name="pool">Its blocks are arrays.</param>
    /// <param name="end">Called when the other side has ended or the connection is broken.</param>
    public EventPipeReader(EventSocket socket, MemoryPool<byte> pool, Action end)
    {
        (_socket, _pool, _tellEnd) = (socket, pool, end);
        _reading = new Reading(this);
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => _reading.RunAsync(cancellationToken);

    /// <summary>For the loop: there may be something now.</summary>
    public void GoOn() => _reading.GoOn();

    /// <exception cref="ConnectionResetException">The connection is broken, and everything that came before has been read.</exception>
    public override bool TryRead(out ReadResult result)
    {
        lock (_gate)
        {
            if (_isComplete)
                throw new InvalidOperationException("The reader was completed.");
            if (_isReadCancelled)
            {
                _isReadCancelled = false;
                result = Result(isCanceled: true);
                return true;
            }
            if (_examined == _end && !_isEnd && !TryReceive())
            {
                result = default;
                return false;
            }
            if (_broken is not null && _examined == _end)
                throw _broken;
            result = Result(isCanceled: false);
            return true;
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (_gate)
        {
            // Positions in anything but what was last given are those of an empty result.
            if (_bytes.Length > 0 && ReferenceEquals(consumed.GetObject(), _bytes))
            {
                _start = Math.Clamp(consumed.GetInteger(), _start, _end);
                _examined = Math.Clamp(examined.GetInteger(), Math.Max(_start, _examined), _end);
            }
            if (_start == _end)
                Release();
        }
    }

    public override void CancelPendingRead()
    {
        _isReadCancelled = true;
        _reading.LookAgain();
    }

    /// <summary>There is no more to read, whatever may still come.</summary>
    public void Abort()
    {
        _isAborted = true;
        _reading.LookAgain();
    }

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            if (_isComplete)
                return;
            _isComplete = true;
            Release();
        }
        _reading.LookAgain();
    }

    /// <summary>
    /// Takes what has come and nobody has read: a socket that is closed over unread bytes resets the connection, which can take the last answer with it before the
    /// client has read that.
    /// </summary>
    public void Drain()
    {
        using var block = _pool.Rent();
        try
        {
            for (var left = MostDrained; left > 0;)
            {
                var read = _socket.Receive(block.Memory.Span);
                if (read <= 0)
                    return;
                left -= read;
            }
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            // Then there is nothing to save.
        }
    }

    private ReadResult Result(bool isCanceled) => new(_start == _end ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_bytes, _start, _end - _start), isCanceled, isCompleted: _isEnd && _broken is null);

    /// <summary>True when there is something new: bytes, the end, or that the connection is broken.</summary>
    private bool TryReceive()
    {
        var received = 0;
        try
        {
            MakeRoom();
            received = _socket.IsClosed || _isAborted ? 0 : _socket.Receive(_bytes.AsSpan(_end));
        }
        catch (SocketException broken)
        {
            _broken = new ConnectionResetException(broken.Message, broken);
        }
        catch (ObjectDisposedException)
        {
            // Closed on this side: an end like any other.
        }
        if (received < 0)
        {
            if (_start == _end)
                Release();
            return false;
        }
        _end += received;
        if (received > 0)
            return true;
        _isEnd = true;
        _tellEnd();
        return true;
    }

    private void MakeRoom()
    {
        if (_bytes.Length == 0)
        {
            _block = _pool.Rent();
            if (!MemoryMarshal.TryGetArray<byte>(_block.Memory, out var array) || array.Offset != 0)
                throw new InvalidOperationException("The pool's blocks must be arrays.");
            (_bytes, _start, _examined, _end) = (array.Array!, 0, 0, 0);
        }
        else if (_end == _bytes.Length)
        {
            var held = _end - _start;
            var larger = held <= _bytes.Length / 2 ? _bytes : new byte[_bytes.Length * 2];
            _bytes.AsSpan(_start, held).CopyTo(larger);
            if (larger != _bytes)
            {
                _block?.Dispose();
                (_block, _bytes) = (null, larger);
            }
            (_start, _examined, _end) = (0, _examined - _start, held);
        }
    }

    private void Release()
    {
        _block?.Dispose();
        (_block, _bytes, _start, _examined, _end) = (null, [], 0, 0, 0);
    }

    private sealed class Reading(EventPipeReader owner) : SocketOperation<ReadResult>(owner._socket, Direction.Receive)
    {
        protected override bool TryRun(out ReadResult result) => owner.TryRead(out result);

        protected override bool HasMoreToSee => owner._isReadCancelled || owner._isComplete || owner._isAborted;
    }
}
