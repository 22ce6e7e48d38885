using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Milliways.Linux.Sockets.Server;

/// <summary>
/// What is written is collected in blocks and sent by a flush, on the thread that flushes. A flush is done when the kernel has taken everything, so a client that reads
/// slowly holds up whoever writes for it, and no more than one flush is ever held.
/// </summary>
/// <param name="end">Called when the connection is found broken.</param>
internal sealed class EventPipeWriter(EventSocket socket, MemoryPool<byte> pool, Action end) : PipeWriter, IValueTaskSource<FlushResult>
{
    /// <summary>Held while bytes are sent, so that the memory is not given back under them.</summary>
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<FlushResult> _source;
    private CancellationTokenRegistration _cancelled;
    private CancellationToken _cancel;
    private volatile bool _isCancelled;
    private volatile bool _isFlushCancelled;
    private volatile bool _isBroken;
    private volatile bool _isPending;
    private TaskCompletionSource? _whenEnded;
    private bool _isComplete;

    /// <summary>Blocks before the one that is written to.</summary>
    private readonly Queue<(IMemoryOwner<byte> Block, int Length)> _full = new(0);
    private IMemoryOwner<byte>? _block;
    private int _end;
    private int _sent;

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
        _block ??= least <= pool.MaxBufferSize ? pool.Rent(least) : MemoryPool<byte>.Shared.Rent(least);
        return _block.Memory[_end..];
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)((_block?.Memory.Length ?? 0) - _end), nameof(bytes));
        _end += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_isPending)
            throw new InvalidOperationException("The flush before has not ended yet.");
        if (TryFlush(out var result))
            return new ValueTask<FlushResult>(result);
        var version = _source.Version;
        _isPending = true;
        if (cancellationToken.CanBeCanceled)
        {
            _cancel = cancellationToken;
            _cancelled = cancellationToken.UnsafeRegister(static writer => ((EventPipeWriter)writer!).Cancel(), this);
        }
        if (!TryWait())
            GoOn();
        return new ValueTask<FlushResult>(this, version);
    }

    public override void CancelPendingFlush()
    {
        _isFlushCancelled = true;
        if (socket.TryStopSending())
            GoOn();
    }

    public override void Complete(Exception? exception = null) => _isComplete = true;

    /// <summary>Sends what was written and not flushed, as far as the other side takes it, and gives the memory back.</summary>
    public async ValueTask EndAsync()
    {
        _isComplete = true;
        // One that nobody waits for any more is ended first; what it had not sent is still there.
        CancelPendingFlush();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _whenEnded, ended);
        if (_isPending)
            await ended.Task;
        _isFlushCancelled = false;
        await FlushAsync();
        lock (_gate)
            Release();
    }

    /// <summary>Looks again, and waits again if nothing could be sent; for whoever has ended the wait.</summary>
    public void GoOn()
    {
        FlushResult result;
        try
        {
            do
            {
                if (_isCancelled)
                    throw new OperationCanceledException(_cancel);
                if (TryFlush(out result))
                    break;
                if (TryWait())
                    return;
            }
            while (true);
        }
        catch (OperationCanceledException cancelled)
        {
            Ended();
            _source.SetException(cancelled);
            return;
        }
        Ended();
        _source.SetResult(result);
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
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

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    /// <summary>False when it is time to look again; what was closed or cancelled before the wait began tells nobody any more.</summary>
    private bool TryWait() => socket.TryWaitToSend() && !((socket.IsClosed || _isCancelled || _isFlushCancelled) && socket.TryStopSending());

    private void Cancel()
    {
        _isCancelled = true;
        if (socket.TryStopSending())
            GoOn();
    }

    private void Ended()
    {
        _cancelled.Dispose();
        (_cancelled, _cancel, _isCancelled, _isPending) = (default, default, false, false);
        Interlocked.MemoryBarrier();
        _whenEnded?.TrySetResult();
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
            end();
            return true;
        }
    }

    /// <summary>Sends a block from where the last try stopped.</summary>
    private bool TrySend(ReadOnlySpan<byte> block)
    {
        while (_sent < block.Length)
        {
            var sent = socket.Send(block[_sent..]);
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
}
