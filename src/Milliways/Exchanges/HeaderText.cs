using System.Text;

namespace Milliways.Exchanges;

/// <summary>Makes any text fit for the value of a header.</summary>
internal static class HeaderText
{
    /// <summary>What no header can carry (control characters, everything beyond ASCII) is percent-encoded as UTF-8; all else stays as it is.</summary>
    public static string Safe(string text)
    {
        if (!NeedsEncoding(text))
            return text;
        var safe = new StringBuilder(text.Length * 3);
        foreach (var one in Encoding.UTF8.GetBytes(text))
            if (one is >= 0x20 and < 0x7F)
                safe.Append((char)one);
            else
                safe.Append('%').Append(Convert.ToHexString([one]));
        return safe.ToString();
    }

    /// <summary>An upstream's value, whose characters are its bytes: those that no header can carry are percent-encoded one by one, as a file's name in UTF-8 is in an address.</summary>
    public static string OfBytes(string bytes)
    {
        if (!NeedsEncoding(bytes))
            return bytes;
        var safe = new StringBuilder(bytes.Length * 3);
        foreach (var one in bytes)
            if (one is >= ' ' and <= '~')
                safe.Append(one);
            else if (one == '\t')
                safe.Append(' ');
            else
                safe.Append('%').Append(Convert.ToHexString([(byte)one]));
        return safe.ToString();
    }

    private static bool NeedsEncoding(string text) => text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
