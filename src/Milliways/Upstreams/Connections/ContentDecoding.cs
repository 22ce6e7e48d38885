using System.IO.Compression;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Milliways.Upstreams.Connections;

/// <summary>
/// The body of an upstream that compresses although it was asked not to (<c>Accept-Encoding: identity</c>): gzip, deflate, br and zstd are decoded as they
/// arrive (contract, "Ends of streams"). That a cut one is noticed is a setting of the process (Directory.Build.props).
/// </summary>
internal static class ContentDecoding
{
    /// <summary>The decoded body. Codings stand in the order in which they were applied; at most two make sense.</summary>
    /// <exception cref="ContentDecodingException">A coding that is not known here.</exception>
    public static Stream Decode(Stream encoded, string contentEncoding)
    {
        var codings = contentEncoding.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (codings.Length > 2)
            throw new ContentDecodingException("encoded its answer more than twice");
        foreach (var coding in codings.Reverse())
            encoded = Decoder(encoded, coding);
        return encoded;
    }

    private static Stream Decoder(Stream encoded, string coding)
    {
        var counted = new CountedStream(encoded);
        return coding.ToLowerInvariant() switch
        {
            "identity" => encoded,
            "gzip" or "x-gzip" => new DecodedStream(new GZipStream(counted, CompressionMode.Decompress), counted),
            "br" => new DecodedStream(new BrotliStream(counted, CompressionMode.Decompress), counted),
            "deflate" => new DecodedStream(new DeflateBody(counted), counted),
            "zstd" => new DecodedStream(Zstd(counted), counted),
            _ => throw new ContentDecodingException("encoded its answer in a way that is not known here"),
        };
    }

    private static DecompressionStream Zstd(Stream encoded)
    {
        var stream = new DecompressionStream(encoded, checkEndOfStream: true, leaveOpen: false);
        stream.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, 23); // 8 MiB, which is all that HTTP may ask of a reader (RFC 9659)
        return stream;
    }
}

/// <summary>What came cannot be decoded; the message goes on after the upstream's name.</summary>
internal sealed class ContentDecodingException(string message, Exception? inner = null) : IOException(message, inner);
