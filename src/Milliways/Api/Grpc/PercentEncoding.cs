using System.Text;

namespace Milliways.Api.Grpc;

/// <summary>Text in <c>grpc-message</c>: printable ASCII without the percent sign stands as it is, every other byte of its UTF-8 as %XX.</summary>
/// <remarks>What is longer than a head may be is cut between two characters.</remarks>
internal static class PercentEncoding
{
    /// <param name="text">What is to be told.</param>
    /// <param name="most">Characters of the encoded text.</param>
    public static string Encode(string text, int most)
    {
        if (text.Length <= most && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('%', StringComparison.Ordinal))
            return text;
        var encoded = new StringBuilder(Math.Min(most, text.Length * 2));
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var plain = rune.Value is >= 0x20 and <= 0x7E and not '%';
            var length = rune.EncodeToUtf8(bytes);
            if (encoded.Length + (plain ? 1 : 3 * length) > most)
                break;
            if (plain)
                encoded.Append((char)rune.Value);
            else
                foreach (var one in bytes[..length])
                    encoded.Append('%').Append(Convert.ToHexString([one]));
        }
        return encoded.ToString();
    }
}
