using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Milliways.Exchanges;

/// <summary>The id of a request: made by us, never the client's (contract, "Request id").</summary>
internal static class RequestIds
{
    private const string Prefix = "req_";
    private const int StockBytes = 1000;

    [ThreadStatic]
    private static byte[]? _stock;

    [ThreadStatic]
    private static int _taken;

    /// <summary>Makes the id and puts it on the answer, under the names that OpenAI's and Anthropic's SDKs read.</summary>
    public static void Assign(HttpContext http, TimeProvider time)
    {
        var id = New(time.GetUtcNow());
        http.TraceIdentifier = id;
        var headers = http.Response.Headers;
        headers["x-request-id"] = id;
        headers["request-id"] = id;
        var own = http.Request.Headers["x-client-request-id"];
        if (own.Count == 0)
            own = http.Request.Headers["x-request-id"];
        if (own.Count == 1 && own[0] is { Length: > 0 and <= 256 } client)
            headers["x-client-request-id"] = client;
    }

    public static string Of(HttpContext http) => http.TraceIdentifier;

    /// <summary>The UUIDv7 in an id of ours; null: it has none.</summary>
    public static Guid? GuidOf(string id) => Guid.TryParseExact(id.AsSpan(id.LastIndexOf('_') + 1), "N", out var uuid) ? uuid : null;

    /// <summary>A UUIDv7. Not <see cref="Guid.CreateVersion7()"/>, which asks the kernel for every id: a system call of the six that a request costs.</summary>
    public static Guid NewGuid(DateTimeOffset now)
    {
        Span<byte> id = stackalloc byte[16];
        Write(id, now.ToUnixTimeMilliseconds());
        return new Guid(id, bigEndian: true);
    }

    private static string New(DateTimeOffset now) => string.Create(Prefix.Length + 32, now.ToUnixTimeMilliseconds(), static (text, milliseconds) =>
    {
        Span<byte> id = stackalloc byte[16];
        Write(id, milliseconds);
        Prefix.CopyTo(text);
        Convert.TryToHexStringLower(id, text[Prefix.Length..], out _);
    });

    private static void Write(Span<byte> id, long milliseconds)
    {
        Chance(id[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(id, (ushort)(milliseconds >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(id[2..], (uint)milliseconds);
        id[6] = (byte)(0x70 | (id[6] & 0x0F));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
    }

    /// <summary>Random bytes from a stock of each thread: the generator costs the same for one id as for a hundred.</summary>
    private static void Chance(Span<byte> wanted)
    {
        var stock = _stock ??= new byte[StockBytes];
        if (_taken + wanted.Length > stock.Length)
            _taken = 0;
        if (_taken == 0)
            RandomNumberGenerator.Fill(stock);
        stock.AsSpan(_taken, wanted.Length).CopyTo(wanted);
        _taken += wanted.Length;
    }
}
