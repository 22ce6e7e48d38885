using System.Runtime.CompilerServices;

namespace Milliways.Upstreams.Connections;

/// <summary>
/// A connection that knows whether it was used before and whether anything has come back for the request on it. When it dies in the moment it is used again, it
/// says so (<see cref="UnansweredException"/>): the handler alone gives the same exception for an answer that was cut inside its head, and it may
/// send a request on another connection than the one that was made for it.
/// </summary>
internal sealed class WatchedStream(Stream inner) : Stream
{
    private volatile bool _isUsed;
    private volatile bool _isSent;
    private volatile bool _hasByte;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A request was written on a connection that has answered before, and nothing came back.</summary>
    private bool IsUnanswered => _isUsed && _isSent && !_hasByte;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] // once for each chunk of a stream
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Seen(await inner.ReadAsync(buffer, cancellationToken), buffer.IsEmpty);
        }
        catch (IOException broken) when (IsUnanswered && broken is not UnansweredException)
        {
            throw new UnansweredException(broken);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer) => Seen(inner.Read(buffer), buffer.IsEmpty);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Begin(buffer.Span);
        var writing = inner.WriteAsync(buffer, cancellationToken);
        return writing.IsCompletedSuccessfully ? writing : WrittenAsync(writing);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Begin(buffer);
        inner.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask WrittenAsync(ValueTask writing)
    {
        try
        {
            await writing;
        }
        catch (IOException broken) when (IsUnanswered)
        {
            throw new UnansweredException(broken);
        }
    }

    /// <summary>An empty read waits for bytes and takes none: it tells nothing.</summary>
    private int Seen(int read, bool isEmpty)
    {
        if (read > 0)
            _hasByte = true;
        else if (!isEmpty && IsUnanswered)
            throw new UnansweredException();
        return read;
    }

    /// <summary>
    /// A request's first bytes are its method and stand at the start of a write; what follows is the rest of it. The frames of HTTP/2 never look so: what is
    /// safe to repeat there the handler repeats by itself.
    /// </summary>
    private void Begin(ReadOnlySpan<byte> written)
    {
        if (!written.StartsWith("POST "u8) && !written.StartsWith("GET "u8) && !written.StartsWith("DELETE "u8))
            return;
        _isUsed |= _hasByte;
        (_hasByte, _isSent) = (false, true);
    }
}

/// <summary>A connection that had been idle died before a byte of an answer came: the request may be sent once more.</summary>
internal sealed class UnansweredException(IOException? broken = null) : IOException("The connection was closed in the moment it was used again.", broken);
