using System.Text;

namespace Milliways.Tests.Support;

/// <summary>
/// Header blocks of HTTP/2 in the plainest form (RFC 7541): literals without an index. Read is what a server sends to a client that allows it no dynamic table;
/// .NET's servers do not use the Huffman code.
/// </summary>
internal static class HeaderBlock
{
    private static readonly string[] StaticNames =
    [
        ":authority", ":method", ":method", ":path", ":path", ":scheme", ":scheme", ":status", ":status", ":status", ":status", ":status", ":status", ":status", "accept-charset",
        "accept-encoding", "accept-language", "accept-ranges", "accept", "access-control-allow-origin", "age", "allow", "authorization", "cache-control", "content-disposition",
        "content-encoding", "content-language", "content-length", "content-location", "content-range", "content-type", "cookie", "date", "etag", "expect", "expires", "from", "host",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified", "link", "location", "max-forwards", "proxy-authenticate",
        "proxy-authorization", "range", "referer", "refresh", "retry-after", "server", "set-cookie", "strict-transport-security", "transfer-encoding", "user-agent", "vary", "via",
        "www-authenticate",
    ];

    private static readonly Dictionary<int, string> StaticValues = new()
    {
        [2] = "GET", [3] = "POST", [4] = "/", [5] = "/index.html", [6] = "http", [7] = "https", [8] = "200", [9] = "204", [10] = "206", [11] = "304", [12] = "400", [13] = "404", [14] = "500",
        [16] = "gzip, deflate",
    };

    public static byte[] Write(IEnumerable<(string Name, string Value)> headers)
    {
        var block = new List<byte>();
        foreach (var (name, value) in headers)
        {
            block.Add(0);
            WriteText(block, name);
            WriteText(block, value);
        }
        return [.. block];
    }

    public static List<(string Name, string Value)> Read(ReadOnlySpan<byte> block)
    {
        var headers = new List<(string, string)>();
        while (!block.IsEmpty)
        {
            var first = block[0];
            if ((first & 0x80) != 0)
            {
                var index = ReadNumber(ref block, 7);
                headers.Add((StaticNames[index - 1], StaticValues[index]));
                continue;
            }
            if ((first & 0xE0) == 0x20)
            {
                Assert.Equal(0, ReadNumber(ref block, 5)); // the table that we allow
                continue;
            }
            var at = ReadNumber(ref block, (first & 0x40) != 0 ? 6 : 4);
            headers.Add((at == 0 ? ReadText(ref block) : StaticNames[at - 1], ReadText(ref block)));
        }
        return headers;
    }

    private static void WriteText(List<byte> block, string text)
    {
        WriteNumber(block, text.Length, 7);
        block.AddRange(Encoding.Latin1.GetBytes(text));
    }

    private static void WriteNumber(List<byte> block, int number, int bits)
    {
        var most = (1 << bits) - 1;
        if (number < most)
        {
            block.Add((byte)number);
            return;
        }
        block.Add((byte)most);
        for (number -= most; number >= 0x80; number >>= 7)
            block.Add((byte)(number | 0x80));
        block.Add((byte)number);
    }

    private static string ReadText(ref ReadOnlySpan<byte> block)
    {
        Assert.Equal(0, block[0] & 0x80);
        var length = ReadNumber(ref block, 7);
        var text = Encoding.Latin1.GetString(block[..length]);
        block = block[length..];
        return text;
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> block, int bits)
    {
        var most = (1 << bits) - 1;
        var number = block[0] & most;
        block = block[1..];
        for (var shift = 0; number >= most; shift += 7)
        {
            var next = block[0];
            block = block[1..];
            number += (next & 0x7F) << shift;
            if (next < 0x80)
                break;
        }
        return number;
    }
}
