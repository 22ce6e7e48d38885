using System.Text;

namespace Milliways.Engine.Scheduling;

/// <summary>
/// Joins tokens' bytes to characters. A character cut by a token's end waits for the rest, and one cut by the end of the answer is left out: half a
/// character is nothing a caller could use. What is no UTF-8 becomes U+FFFD, once, as in a decode of the whole.
/// </summary>
internal sealed class Utf8Assembler
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _chars = new char[64];

    /// <summary>The characters that are complete with these bytes. The span is valid until the next call.</summary>
    internal ReadOnlySpan<char> Append(ReadOnlySpan<byte> bytes)
    {
        var needed = _decoder.GetCharCount(bytes, flush: false);
        if (needed > _chars.Length)
            _chars = new char[needed];
        var written = _decoder.GetChars(bytes, _chars, flush: false);
        return _chars.AsSpan(0, written);
    }
}
