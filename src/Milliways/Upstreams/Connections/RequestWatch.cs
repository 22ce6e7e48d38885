using Milliways.Linux.Sockets;

namespace Milliways.Upstreams.Connections;

/// <summary>
/// Knows of a connection whether it was used before and whether anything has come back for the request on it. When it dies in the moment it is used again, it
/// says so (<see cref="UnansweredException"/>): the handler alone gives the same exception for an answer that was cut inside its head, and it may
/// send a request on another connection than the one that was made for it. For connections of the platform's handler; <see cref="Http1.Http1Connection"/> knows it of its own.
/// </summary>
internal sealed class RequestWatch : IStreamWatch
{
    private volatile bool _isUsed;
    private volatile bool _isSent;
    private volatile bool _hasByte;

    /// <summary>A request was written on a connection that has answered before, and nothing came back.</summary>
    private bool IsUnanswered => _isUsed && _isSent && !_hasByte;

    /// <summary>
    /// A request's first bytes are its method and stand at the start of a write; what follows is the rest of it. The frames of HTTP/2 never look so: what is
    /// safe to repeat there the handler repeats by itself.
    /// </summary>
    public void Writing(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith("POST "u8) && !bytes.StartsWith("GET "u8) && !bytes.StartsWith("DELETE "u8))
            return;
        _isUsed |= _hasByte;
        (_hasByte, _isSent) = (false, true);
    }

    /// <summary>An empty read waits for bytes and takes none: it tells nothing.</summary>
    public void Read(int count, bool isEmpty)
    {
        if (count > 0)
            _hasByte = true;
        else if (!isEmpty && IsUnanswered)
            throw new UnansweredException();
    }

    public IOException Broken(IOException broken) => IsUnanswered && broken is not UnansweredException ? new UnansweredException(broken) : broken;
}

/// <summary>A connection that had been idle died before a byte of an answer came: the request may be sent once more.</summary>
internal sealed class UnansweredException(IOException? broken = null) : IOException("The connection was closed in the moment it was used again.", broken);
