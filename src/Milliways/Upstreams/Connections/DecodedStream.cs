namespace Milliways.Upstreams.Connections;

/// <summary>
/// Stands over a decoder: its errors become one kind, and an answer that grows out of all proportion to what was sent is refused, so that a few bytes of
/// an upstream cannot cost us minutes of work.
/// </summary>
internal sealed class DecodedStream(Stream decoder, CountedStream encoded) : ReadOnlyStream
{
    /// <summary>So much may come out of anything.</summary>
    public const long Free = 16 << 20;

    /// <summary>Beyond that, so many bytes for each that came: text and events shrink to a twentieth, seldom to a hundredth.</summary>
    public const long MostRatio = 200;

    private long _decoded;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await decoder.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception broken) when (broken is InvalidDataException or InvalidOperationException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            throw new ContentDecodingException("sent an answer whose compressed form is broken or was cut", broken);
        }
        _decoded += read;
        if (_decoded > Free && _decoded > encoded.Count * MostRatio)
            throw new ContentDecodingException("sent an answer that grows beyond all measure when it is decompressed");
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            decoder.Dispose();
        base.Dispose(disposing);
    }
}
