using System.Text;

namespace Milliways.Api.Grpc;

/// <summary>Text in <c>grpc-message</c>: printable ASCII without the percent sign stands as it is, every other byte of its UTF-8 as %XX.</summary>
internal static class PercentEncoding
{
    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('%', StringComparison.Ordinal))
            return text;
        var encoded = new StringBuilder(text.Length * 2);
        foreach (var one in Encoding.UTF8.GetBytes(text))
            if (one is >= 0x20 and <= 0x7E and not (byte)'%')
                encoded.Append((char)one);
            else
                encoded.Append('%').Append(Convert.ToHexString([one]));
        return encoded.ToString();
    }
}
