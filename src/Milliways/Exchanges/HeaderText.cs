using System.Text;

namespace Milliways.Exchanges;

/// <summary>Makes any text fit for the value of a header.</summary>
internal static class HeaderText
{
    /// <summary>What no header can carry (control characters, everything beyond ASCII) is percent-encoded as UTF-8; all else stays as it is.</summary>
    public static string Safe(string text) => NeedsEncoding(text) ? Encoded(Encoding.UTF8.GetBytes(text)) : text;

    /// <summary>The same for an upstream's value, whose characters are its bytes: a name in UTF-8 becomes what it is in an address. A tab is a space.</summary>
    public static string OfBytes(string bytes) => NeedsEncoding(bytes) ? Encoded(Encoding.Latin1.GetBytes(bytes.Replace('\t', ' '))) : bytes;

    private static string Encoded(byte[] bytes)
    {
        var safe = new StringBuilder(bytes.Length * 3);
        foreach (var one in bytes)
            if (one is >= 0x20 and < 0x7F)
                safe.Append((char)one);
            else
                safe.Append('%').Append(Convert.ToHexString([one]));
        return safe.ToString();
    }

    private static bool NeedsEncoding(string text) => text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
