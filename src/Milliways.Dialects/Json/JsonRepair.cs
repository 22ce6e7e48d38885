using System.Text;
using System.Text.Unicode;

namespace Milliways.Dialects.Json;

/// <summary>
/// JSON text that is no Unicode text: an escaped half of a surrogate pair, which clients and servers send when they cut a string in two, makes
/// System.Text.Json throw at every touch. Such an escape becomes <c>\ufffd</c>, which is as long; the rest stays as it is.
/// </summary>
internal static class JsonRepair
{
    private const int EscapeLength = 6;

    /// <summary>A mended copy, or null when there is nothing to mend. The text must be UTF-8.</summary>
    public static byte[]? Halves(ReadOnlySpan<byte> json)
    {
        byte[]? mended = null;
        for (var at = 0; at < json.Length;)
        {
            var found = json[at..].IndexOf((byte)'\\');
            if (found < 0) break;
            at += found;
            switch (Surrogate(json, at))
            {
                case >= 0xD800 and < 0xDC00 when Surrogate(json, at + EscapeLength) >= 0xDC00:
                    at += 2 * EscapeLength;
                    break;
                case >= 0:
                    mended ??= json.ToArray();
                    "\\ufffd"u8.CopyTo(mended.AsSpan(at));
                    at += EscapeLength;
                    break;
                default:
                    // Any other escape: the next character belongs to it.
                    at += 2;
                    break;
            }
        }

        return mended;
    }

    /// <summary>The same for answers, which may hold bytes that are not UTF-8 too.</summary>
    public static byte[]? All(ReadOnlySpan<byte> json)
    {
        if (Utf8.IsValid(json)) return Halves(json);
        var text = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        return Halves(text) ?? text;
    }

    /// <summary>The surrogate that is escaped at a place, or -1.</summary>
    private static int Surrogate(ReadOnlySpan<byte> json, int at)
    {
        if (at + EscapeLength > json.Length || json[at] != (byte)'\\' || json[at + 1] != (byte)'u') return -1;
        if ((json[at + 2] | 0x20) != (byte)'d') return -1;
        var value = 0xD;
        for (var digit = at + 3; digit < at + EscapeLength; digit++)
        {
            var hex = json[digit] | 0x20;
            if (hex is >= '0' and <= '9') value = (value << 4) + (hex - '0');
            else if (hex is >= 'a' and <= 'f') value = (value << 4) + (hex - 'a' + 10);
            else return -1;
        }

        return value is >= 0xD800 and <= 0xDFFF ? value : -1;
    }
}
