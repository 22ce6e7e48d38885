using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Milliways.Linux.Sockets.Server;

/// <summary>
/// What is written is collected in blocks and sent by a flush, on the thread that flushes. A flush is done when the kernel has taken everything, or the loop has deferred it
/// (<see cref="DeferredSend"/>), so a client that reads slowly holds up whoever writes for it, and no more than one flush and a few KB before it are ever held.
/// </summary>
internal sealed class EventPipeWriter : PipeWriter
{
    /// <summary>How long a client may take to make room for what is left when its connection ends: one that reads nothing would hold it for ever.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly EventSocket _socket;
    private readonly MemoryPool<byte> _pool;
    private readonly Action _tellEnd;
    private volatile Flushing _flushing;

    /// <summary>Held while bytes are sent, so that the memory is not given back under them.</summary>
    private readonly Lock _gate = new();
    private volatile bool _isFlushCancelled;
    private volatile bool _isBroken;
    private TaskCompletionSource? _whenEnded;
    private bool _isComplete;

    /// <summary>Blocks before the one that is written to.</summary>
    private readonly Queue<(IMemoryOwner<byte> Block, int Length)> _full = new(0);
    private IMemoryOwner<byte>? _block;
    private int _end;
    private int _sent;

    /// <param name="socket">Where the bytes go.</param>
    /// <param name="pool">For what is written and not flushed yet.</param>
    /// <param name="end">Called when the connection is found broken.</param>
    public EventPipeWriter(EventSocket socket, MemoryPool<byte> pool, Action end)
    {
        (_socket, _pool, _tellEnd) = (socket, pool, end);
        _flushing = new Flushing(this);
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _full.Sum(full => (long)full.Length) + _end - _sent;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_isComplete)
            throw new InvalidOperationException("The writer was completed.");
        // Less than this is not worth the end of a block.
        const int Least = 512;
        var least = Math.Max(sizeHint, Least);
        if (_block is not null && _block.Memory.Length - _end < least)
        {
            if (_end > 0)
                _full.Enqueue((_block, _end));
            else
                _block.Dispose();
            (_block, _end) = (null, 0);
        }
        _block ??= least <= _pool.MaxBufferSize ? _pool.Rent(least) : MemoryPool<byte>.Shared.Rent(least);
        return _block.Memory[_end..];
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)((_block?.Memory.Length ?? 0) - _end), nameof(bytes));
        _end += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => _flushing.RunAsync(cancellationToken);

    /// <summary>For the loop: there may be room now.</summary>
    public void GoOn() => _flushing.GoOn();

    public override void CancelPendingFlush()
    {
        _isFlushCancelled = true;
        _flushing.LookAgain();
    }

    public override void Complete(Exception? exception = null) => _isComplete = true;

    /// <summary>Sends what was written and not flushed, as far as the other side takes it in time, and gives the memory back.</summary>
    public async ValueTask EndAsync()
    {
        _isComplete = true;
        // One that nobody waits for any more is ended first; what it had not sent is still there.
        CancelPendingFlush();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _whenEnded, ended);
        if (_flushing.IsPending)
            await ended.Task;
        _isFlushCancelled = false;
        if (!TryFlush(out _))
            await EndSlowlyAsync();
        lock (_gate)
            Release();
    }

    private async ValueTask EndSlowlyAsync()
    {
        // Who waited for the one before may not have been told yet, so this is not the same one again.
        var last = _flushing = new Flushing(this);
        using var over = new CancellationTokenSource(LastWords);
        try
        {
            await last.RunAsync(over.Token);
        }
        catch (OperationCanceledException)
        {
            // Then it is lost, with the connection.
        }
    }

    /// <summary>A small answer may be sent together with others; true: it will be, and is done with here.</summary>
    private bool TryDefer(out FlushResult result)
    {
        lock (_gate)
        {
            result = default;
            if (_isFlushCancelled || _isBroken || _isComplete || _block is null || _full.Count > 0 || !_socket.TryDefer(_block.Memory.Span[_sent.._end]))
                return false;
            Release();
            return true;
        }
    }

    /// <summary>False when not everything could be sent yet.</summary>
    private bool TryFlush(out FlushResult result)
    {
        lock (_gate)
        {
            if (_isFlushCancelled)
            {
                _isFlushCancelled = false;
                result = new FlushResult(isCanceled: true, isCompleted: _isBroken);
                return true;
            }
            result = default;
            if (!_isBroken && !TrySend())
                return false;
            Release();
            result = new FlushResult(isCanceled: false, isCompleted: _isBroken);
            return true;
        }
    }

    private bool TrySend()
    {
        try
        {
            if (!_socket.TrySendDeferred())
                return false;
            while (_full.TryPeek(out var full))
            {
                if (!TrySend(full.Block.Memory.Span[..full.Length]))
                    return false;
                full.Block.Dispose();
                _full.Dequeue();
                _sent = 0;
            }
            return _block is null || TrySend(_block.Memory.Span[.._end]);
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            _isBroken = true;
            _tellEnd();
            return true;
        }
    }

    /// <summary>Sends a block from where the last try stopped.</summary>
    private bool TrySend(ReadOnlySpan<byte> block)
    {
        while (_sent < block.Length)
        {
            var sent = _socket.Send(block[_sent..]);
            if (sent < 0)
                return false;
            _sent += sent;
        }
        return true;
    }

    private void Release()
    {
        while (_full.TryDequeue(out var full))
            full.Block.Dispose();
        _block?.Dispose();
        (_block, _end, _sent) = (null, 0, 0);
    }

    private sealed class Flushing(EventPipeWriter owner) : SocketOperation<FlushResult>(owner._socket, Direction.Send)
    {
        protected override bool TryFirst(out FlushResult result) => owner.TryDefer(out result) || owner.TryFlush(out result);

        protected override bool TryRun(out FlushResult result) => owner.TryFlush(out result);

        protected override bool HasMoreToSee => owner._isFlushCancelled;

        protected override void Ended()
        {
            Interlocked.MemoryBarrier();
            owner._whenEnded?.TrySetResult();
        }
    }
}
