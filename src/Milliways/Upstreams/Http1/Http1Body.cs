using System.Runtime.CompilerServices;

namespace Milliways.Upstreams.Http1;

/// <summary>
/// The body of an answer, without its framing. What comes is received into the reader's own memory and the framing is taken off there; a read waits in one pooled state, so a chunk
/// costs no memory.
/// </summary>
internal sealed class Http1Body(Http1Connection connection, ResponseHead head) : Connections.ReadOnlyStream
{
    /// <summary>How long, and how much, is read of an answer that nobody wants any more: its end is often on its way, and the connection is worth keeping then.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromMilliseconds(50);
    private const int DrainBytes = 64 << 10;

    private ChunkedDecoder _chunks;
    private long _left = head.Length;
    private bool _isOver = head.End == BodyEnd.Empty;
    private bool _isReading;
    private bool _isGone;
    private bool _hasEnded;
    private Exception? _broken;

    /// <summary>Ends at once where the answer has no body: nobody need read it.</summary>
    public void EndIfEmpty()
    {
        if (_isOver)
            End(head.KeepsConnection);
    }

    /// <exception cref="IOException">The connection broke, or the body is not framed as its head says.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, which closes the connection.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isGone, this);
        if (_broken is not null)
            return ValueTask.FromException<int>(_broken);
        if (_isOver || buffer.IsEmpty)
            return new ValueTask<int>(0);
        connection.BindTo(cancellationToken);
        if (connection.Unread.IsEmpty)
            return ReceiveAsync(buffer);
        try
        {
            return TakeUnread(buffer.Span) is > 0 and var taken ? new ValueTask<int>(taken) : _isOver ? new ValueTask<int>(0) : ReceiveAsync(buffer);
        }
        catch (InvalidDataException broken)
        {
            return ValueTask.FromException<int>(Broken(broken));
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isGone)
        {
            _isGone = true;
            if (!_isOver)
                _ = LeaveAsync();
        }
        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] // once for each chunk of a stream
    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        _isReading = true;
        try
        {
            while (true)
            {
                // More than the body's length is asked for: what stands behind it must be seen.
                var received = await connection.Stream.ReadAsync(buffer);
                if (received == 0 && head.End != BodyEnd.Close)
                    throw new HttpIOException(HttpRequestError.ResponseEnded, "The connection was closed before the answer was whole.");
                var (used, written) = Decode(buffer.Span[..received], buffer.Span);
                if (received == 0 || _isOver)
                    Over(hasMore: used < received);
                if (written > 0 || _isOver)
                    return written;
            }
        }
        catch (Exception broken)
        {
            throw Broken(broken);
        }
        finally
        {
            _isReading = false;
        }
    }

    /// <summary>What came together with the head.</summary>
    private int TakeUnread(Span<byte> into)
    {
        var (used, written) = Decode(connection.Unread, into);
        connection.Take(used);
        if (_isOver)
            Over(hasMore: false); // the connection sees what is left behind it
        return written;
    }

    private (int Used, int Written) Decode(ReadOnlySpan<byte> raw, Span<byte> into)
    {
        if (head.End == BodyEnd.Chunks)
        {
            var decoded = _chunks.Decode(raw, into);
            _isOver = _chunks.IsDone;
            return decoded;
        }
        var part = (int)Math.Min(Math.Min(raw.Length, into.Length), head.End == BodyEnd.Length ? _left : long.MaxValue);
        if (!raw.Overlaps(into))
            raw[..part].CopyTo(into);
        if (head.End == BodyEnd.Length)
        {
            _left -= part;
            _isOver = _left == 0;
        }
        return (part, part);
    }

    private void Over(bool hasMore)
    {
        _isOver = true;
        End(head.KeepsConnection && !hasMore);
    }

    /// <summary>Once: behind its end the connection may already be another request's.</summary>
    private void End(bool isReusable)
    {
        if (_hasEnded)
            return;
        _hasEnded = true;
        connection.End(isReusable);
    }

    private Exception Broken(Exception broken)
    {
        (_isOver, _broken) = (true, connection.BodyMeaning(broken));
        End(isReusable: false);
        return _broken;
    }

    /// <summary>Reads on for a moment: behind the last event there is often nothing but the last chunk.</summary>
    private async Task LeaveAsync()
    {
        if (_isReading || head.End == BodyEnd.Close || !head.KeepsConnection)
        {
            _isOver = true;
            End(isReusable: false);
            return;
        }
        var scratch = System.Buffers.ArrayPool<byte>.Shared.Rent(4 << 10);
        using var late = new CancellationTokenSource();
        try
        {
            connection.BindTo(late.Token);
            for (var (drained, isTimed) = (0, false); !_isOver && drained < DrainBytes;)
            {
                var reading = connection.Unread.IsEmpty ? ReceiveAsync(scratch) : new ValueTask<int>(TakeUnread(scratch));
                if (!reading.IsCompleted && !isTimed)
                {
                    late.CancelAfter(DrainTime);
                    isTimed = true;
                }
                drained += Math.Max(await reading, 1);
            }
        }
        catch (Exception broken) when (broken is IOException or InvalidDataException or OperationCanceledException)
        {
            // It is closed then.
        }
        finally
        {
            _isOver = true;
            End(isReusable: false); // unless it has ended by itself
            System.Buffers.ArrayPool<byte>.Shared.Return(scratch);
        }
    }
}
