using System.IO.Compression;

namespace Milliways.Upstreams.Connections;

/// <summary>HTTP's <c>deflate</c> is a zlib stream, and some servers send it without zlib's head: the first two bytes tell (RFC 1950 2.2).</summary>
internal sealed class DeflateBody(Stream encoded) : ReadOnlyStream
{
    private Stream? _decoder;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _decoder ??= await ChooseAsync(cancellationToken);
        return await _decoder.ReadAsync(buffer, cancellationToken);
    }

    private async ValueTask<Stream> ChooseAsync(CancellationToken cancel)
    {
        var head = new byte[2];
        var length = await encoded.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel);
        var whole = new HeadedStream(head.AsMemory(0, length), encoded);
        var isZlib = length == 2 && (head[0] & 0x0F) == 8 && ((head[0] << 8) | head[1]) % 31 == 0;
        return isZlib ? new ZLibStream(whole, CompressionMode.Decompress) : new DeflateStream(whole, CompressionMode.Decompress);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            (_decoder ?? encoded).Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Gives the bytes that were looked at back before the rest.</summary>
    private sealed class HeadedStream(ReadOnlyMemory<byte> head, Stream rest) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _head = head;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_head.IsEmpty || buffer.IsEmpty)
                return rest.ReadAsync(buffer, cancellationToken);
            var length = Math.Min(_head.Length, buffer.Length);
            _head[..length].CopyTo(buffer);
            _head = _head[length..];
            return ValueTask.FromResult(length);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                rest.Dispose();
            base.Dispose(disposing);
        }
    }
}
