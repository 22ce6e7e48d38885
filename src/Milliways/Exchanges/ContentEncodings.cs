using System.IO.Compression;
using System.Net.Http.Headers;

namespace Milliways.Exchanges;

/// <summary>Decodes an answer that came compressed although <c>identity</c> was asked for (contract, "Ends of streams").</summary>
internal static class ContentEncodings
{
    /// <summary>The decoded stream; the stream itself when nothing is encoded.</summary>
    /// <exception cref="IOException">An encoding that nobody asked for and we do not know.</exception>
    public static Stream Decoded(Stream body, HttpContentHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Content-Encoding", out var encodings))
            return body;
        // What was put on last is taken off first.
        foreach (var encoding in encodings.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Reverse())
            body = encoding.ToLowerInvariant() switch
            {
                "identity" => body,
                "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
                "deflate" => new ZLibStream(body, CompressionMode.Decompress),
                "br" => new BrotliStream(body, CompressionMode.Decompress),
                _ => throw new IOException("The upstream's body has an encoding that was not asked for."),
            };
        return body;
    }
}
