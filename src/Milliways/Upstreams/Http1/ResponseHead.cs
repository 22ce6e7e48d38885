using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Milliways.Upstreams.Http1;

/// <summary>How the body of an answer ends (RFC 9112 §6.3).</summary>
internal enum BodyEnd { Empty, Length, Chunks, Close }

/// <summary>Reads the head of an answer (RFC 9112 §4, §5).</summary>
internal sealed class ResponseHead
{
    /// <summary>Bytes that a head may have.</summary>
    public const int MostBytes = 64 << 10;

    /// <summary>Names that need no text of their own each time.</summary>
    private static readonly FrozenSet<string> Names = new[]
    {
        "Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition", "Transfer-Encoding", "Connection", "Keep-Alive", "Date", "Server", "Cache-Control", "Vary", "Via",
        "Retry-After", "Set-Cookie", "Strict-Transport-Security", "X-Request-Id", "Alt-Svc", "CF-RAY", "cf-cache-status", "request-id", "access-control-expose-headers",
        "openai-organization", "openai-processing-ms", "openai-version", "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "X-Content-Type-Options",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> NamesBySpan = Names.GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly List<(string Name, string Value)> _headers = new(12);
    private bool _isOld;

    public int Status { get; private set; }

    public BodyEnd End { get; private set; }

    /// <summary>Bytes of the body where it ends by its length.</summary>
    public long Length { get; private set; }

    /// <summary>The server goes on listening on this connection.</summary>
    public bool KeepsConnection { get; private set; }

    /// <summary>It announces the answer, which is still to come (1xx).</summary>
    public bool IsInterim => Status is >= 100 and < 200 and not (int)HttpStatusCode.SwitchingProtocols;

    /// <summary>Bytes of a head that is whole, with its empty line, or -1.</summary>
    /// <param name="received">From the head's first byte.</param>
    public static int Find(ReadOnlySpan<byte> received)
    {
        for (var at = 0; received[at..].IndexOf((byte)'\n') is >= 0 and var line;)
        {
            at += line + 1;
            if (received[at..].StartsWith("\r\n"u8))
                return at + 2;
            if (received[at..].StartsWith("\n"u8))
                return at + 1;
        }
        return -1;
    }

    /// <param name="head">A whole head.</param>
    /// <param name="asked">What was asked with decides whether there is a body.</param>
    /// <exception cref="HttpRequestException">It is no answer of HTTP/1.</exception>
    public static ResponseHead Read(ReadOnlySpan<byte> head, HttpMethod asked)
    {
        var read = new ResponseHead();
        read.ReadStatus(TakeLine(ref head));
        while (TakeLine(ref head) is { Length: > 0 } line)
        {
            if (line[0] is (byte)' ' or (byte)'\t')
                read.Continue(line);
            else
                read.ReadHeader(line);
        }
        read.Decide(asked);
        return read;
    }

    public void CopyTo(HttpResponseMessage answer)
    {
        answer.StatusCode = (HttpStatusCode)Status;
        foreach (var (name, value) in _headers)
            (IsOfContent(name) ? (HttpHeaders)answer.Content.Headers : answer.Headers).TryAddWithoutValidation(name, value);
    }

    private static bool IsOfContent(string name) => name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        && !name.Equals("Content-Security-Policy", StringComparison.OrdinalIgnoreCase)
        ? true
        : name.Equals("Expires", StringComparison.OrdinalIgnoreCase) || name.Equals("Last-Modified", StringComparison.OrdinalIgnoreCase) || name.Equals("Allow", StringComparison.OrdinalIgnoreCase);

    private static ReadOnlySpan<byte> TakeLine(ref ReadOnlySpan<byte> head)
    {
        var end = head.IndexOf((byte)'\n');
        var line = head[..end];
        head = head[(end + 1)..];
        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }

    private void ReadStatus(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[7] is not ((byte)'0' or (byte)'1') || line[8] != ' ' || (line.Length > 12 && line[12] != ' ')
            || !int.TryParse(line[9..12], NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status < 100)
            throw Invalid("its first line is no status line");
        (Status, _isOld) = (status, line[7] == '0');
    }

    private void ReadHeader(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAny(" \t\0\r"u8))
            throw Invalid("a line of its head is no header");
        if (line[colon..].ContainsAny("\0\r"u8))
            throw Invalid("a value in its head has a byte that no value may have");
        _headers.Add((NameOf(line[..colon]), Text(line[(colon + 1)..])));
    }

    /// <summary>A value that goes on in the next line (RFC 9112 §5.2: what is in between is read as a space).</summary>
    private void Continue(ReadOnlySpan<byte> line)
    {
        if (_headers.Count == 0)
            throw Invalid("a line of its head is no header");
        var (name, value) = _headers[^1];
        _headers[^1] = (name, $"{value} {Text(line)}".Trim());
    }

    private static string NameOf(ReadOnlySpan<byte> name)
    {
        Span<char> chars = stackalloc char[64];
        if (name.Length <= chars.Length && Encoding.Latin1.TryGetChars(name, chars, out var length) && NamesBySpan.TryGetValue(chars[..length], out var known))
            return known;
        return Encoding.Latin1.GetString(name);
    }

    private static string Text(ReadOnlySpan<byte> value) => Encoding.Latin1.GetString(value.Trim(" \t"u8));

    private void Decide(HttpMethod asked)
    {
        var (length, isChunked, hasCoding, closes, keeps) = ((long?)null, false, false, false, false);
        foreach (var (name, value) in _headers)
            switch (name)
            {
                case "Content-Length":
                    if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || (length ?? number) != number)
                        throw Invalid("its Content-Length is no length");
                    length = number;
                    break;
                case "Transfer-Encoding":
                    (hasCoding, isChunked) = (true, value.AsSpan().TrimEnd().EndsWith("chunked", StringComparison.OrdinalIgnoreCase));
                    break;
                case "Connection":
                    closes |= value.Contains("close", StringComparison.OrdinalIgnoreCase);
                    keeps |= value.Contains("keep-alive", StringComparison.OrdinalIgnoreCase);
                    break;
            }
        (End, Length) = Status is 204 or 304 || asked == HttpMethod.Head ? (BodyEnd.Empty, 0)
            : isChunked ? (BodyEnd.Chunks, 0)
            : hasCoding || length is null ? (BodyEnd.Close, 0)
            : length == 0 ? (BodyEnd.Empty, 0)
            : (BodyEnd.Length, length.Value);
        // Both say where the body ends: who wrote the one may not be who wrote the other (RFC 9112 §6.1), so nothing behind this answer is believed.
        KeepsConnection = End != BodyEnd.Close && !closes && (!_isOld || keeps) && !(hasCoding && length is not null);
        if (hasCoding && length is not null)
            _headers.RemoveAll(header => header.Name == "Content-Length");
    }

    private static HttpRequestException Invalid(string what) => new(HttpRequestError.InvalidResponse, $"The answer is not HTTP: {what}.");
}
