using System.Text;

namespace Milliways.Engine.Scheduling;

/// <summary>
/// Joins tokens' bytes to characters. A character cut by a token's end waits for the rest; what is no UTF-8 becomes U+FFFD, once, as in a
/// decode of the whole.
/// </summary>
internal sealed class Utf8Assembler
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _chars = new char[64];

    /// <summary>The characters that are complete with these bytes. The span is valid until the next call.</summary>
    internal ReadOnlySpan<char> Append(ReadOnlySpan<byte> bytes) => Convert(bytes, flush: false);

    /// <summary>U+FFFD if the text ends within a character, else nothing.</summary>
    internal ReadOnlySpan<char> Flush() => Convert([], flush: true);

    private ReadOnlySpan<char> Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var needed = _decoder.GetCharCount(bytes, flush);
        if (needed > _chars.Length)
            _chars = new char[needed];
        var written = _decoder.GetChars(bytes, _chars, flush);
        return _chars.AsSpan(0, written);
    }
}
