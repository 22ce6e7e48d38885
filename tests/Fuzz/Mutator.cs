using System.Text;

namespace Milliways.Fuzz;

/// <summary>Changes bytes the way broken software and unfriendly people do.</summary>
internal static class Mutator
{
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\"", "{", "}", "[", "]", ",", ":", "\\", "\n", "\n\n", "\r", "\r\n", "\0", "null", "true", "false", "-1", "0", "1e400", "-0.0", "NaN", "Infinity",
            "99999999999999999999999999", "9223372036854775807", "\"\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\\u0000", "{}", "[]", "data: ", "data:", "event: ", "event: error\n", ": c\n", "id: 1\n",
            "data: [DONE]\n\n", "[DONE]", "\"error\":{\"message\":\"x\"},", "\"index\":1000000000,", "\"index\":-1,", "\"choices\":null,", "\"type\":\"error\",", "\"finish_reason\":\"\",", "\uFEFF", "生", "🐬",
            "\"model\":\"x\",", "\"mod\\u0065l\":\"y\",", "\"usage\":null,", "\"usage\":{},", "\"tool_calls\":[{}],",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC3], [0xE7, 0x94], [0xF0, 0x9F], [0xED, 0xA0, 0x80], [0x80],
    ];

    /// <summary>Between one and eight changes.</summary>
    /// <param name="bytes">What is changed.</param>
    /// <param name="other">Another input, of which parts may be put in.</param>
    /// <param name="throws">Decides.</param>
    public static byte[] Mutate(byte[] bytes, byte[] other, Throws throws)
    {
        var result = new List<byte>(bytes);
        for (var left = 1 + throws.Upto(8); left > 0; left--)
            Change(result, other, throws);
        return [.. result];
    }

    /// <summary>Changes that add nothing: what was cut away does not come back.</summary>
    public static byte[] Damage(byte[] bytes, Throws throws)
    {
        var result = new List<byte>(bytes);
        for (var left = throws.Upto(4); left > 0 && result.Count > 0; left--)
            if (throws.Upto(2) == 0)
                result[throws.Upto(result.Count)] = (byte)throws.Upto(256);
            else
                Remove(result, throws);
        return [.. result];
    }

    private static void Change(List<byte> bytes, byte[] other, Throws throws)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(throws.One(Pieces));
            return;
        }
        var at = throws.Upto(bytes.Count);
        switch (throws.Upto(9))
        {
            case 0:
                bytes[at] = (byte)throws.Upto(256);
                break;
            case 1:
                bytes[at] ^= (byte)(1 << throws.Upto(8));
                break;
            case 2:
                Remove(bytes, throws);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, Length(bytes.Count - at, throws)));
                break;
            case 4:
                var from = throws.Upto(other.Length);
                bytes.InsertRange(at, other.AsSpan(from, Length(other.Length - from, throws)).ToArray());
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                Number(bytes, at, throws);
                break;
            case 7:
                var piece = throws.One(Pieces);
                for (var times = throws.Upto(40) == 0 ? 2000 : 1; times > 0; times--)
                    bytes.InsertRange(at, piece);
                break;
            default:
                bytes.InsertRange(at, throws.One(Pieces));
                break;
        }
    }

    /// <summary>Mostly short stretches, now and then a long one.</summary>
    private static int Length(int most, Throws throws) => Math.Min(most, throws.Upto(8) == 0 ? throws.Upto(4096) : throws.Upto(24));

    private static void Remove(List<byte> bytes, Throws throws)
    {
        var at = throws.Upto(bytes.Count);
        bytes.RemoveRange(at, Length(bytes.Count - at, throws));
    }

    /// <summary>The next number becomes another one.</summary>
    private static void Number(List<byte> bytes, int at, Throws throws)
    {
        while (at < bytes.Count && bytes[at] is < (byte)'0' or > (byte)'9')
            at++;
        var end = at;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9')
            end++;
        bytes.RemoveRange(at, end - at);
        bytes.InsertRange(at, Encoding.ASCII.GetBytes(throws.One(["-1", "0", "1e9", "2147483648", "-9223372036854775809", "1.5", "00", "1e400"])));
    }
}
