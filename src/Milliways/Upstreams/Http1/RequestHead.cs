using System.Buffers;
using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;

namespace Milliways.Upstreams.Http1;

/// <summary>Writes the head of a request (RFC 9112 §3, §5), and knows which requests are the platform's to send.</summary>
internal static class RequestHead
{
    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\r\n\0");

    /// <summary>Writes the whole head, its empty line included; false: it asks for something of the connection, and what was written is to be thrown away.</summary>
    /// <param name="length">Bytes of the body.</param>
    /// <exception cref="HttpRequestException">There is a line break in the address, or in a header's value.</exception>
    public static bool TryWrite(HttpRequestMessage request, int length, ArrayBufferWriter<byte> into)
    {
        var address = request.RequestUri!;
        if (address.PathAndQuery.AsSpan().ContainsAny(LineBreaks)) // addresses go as they are written (UpstreamAddress)
            throw new HttpRequestException("The address has a line break in its path.");
        Write(into, request.Method.Method);
        Write(into, " ");
        Write(into, address.PathAndQuery);
        Write(into, " HTTP/1.1\r\n");
        WriteHost(into, address);
        if (!TryWrite(request.Headers, into))
            return false;
        if (request.Content is { } content && !TryWrite(content.Headers, into))
            return false;
        if (request.Content is not null || request.Method == HttpMethod.Post || request.Method == HttpMethod.Put || request.Method == HttpMethod.Patch)
        {
            Write(into, "Content-Length: ");
            Write(into, length);
            Write(into, "\r\n");
        }
        Write(into, "\r\n");
        return true;
    }

    private static bool TryWrite(HttpHeaders headers, ArrayBufferWriter<byte> into)
    {
        foreach (var (name, values) in headers.NonValidated)
        {
            if (IsOfTheConnection(name))
                return false;
            if (!Is(name, "Content-Length"))
                WriteLine(into, name, values.Count == 1 ? values.ToString() : string.Join(Separator(name), values));
        }
        return true;
    }

    /// <summary>It says how the connection is to be used, or whose it is: what it asks for is not done here.</summary>
    private static bool IsOfTheConnection(string name) => name.Length switch
    {
        2 => Is(name, "TE"),
        4 => Is(name, "Host"),
        6 => Is(name, "Expect"),
        7 => Is(name, "Upgrade") || Is(name, "Trailer"),
        10 => Is(name, "Connection"),
        17 => Is(name, "Transfer-Encoding"),
        _ => false,
    };

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    /// <summary>As the platform joins what was added in parts.</summary>
    private static string Separator(string name) =>
        Is(name, "User-Agent") ? " " : Is(name, "Cookie") ? "; " : ", ";

    private static void WriteHost(ArrayBufferWriter<byte> into, Uri address)
    {
        Write(into, "Host: ");
        Write(into, address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost);
        if (!address.IsDefaultPort)
        {
            Write(into, ":");
            Write(into, address.Port);
        }
        Write(into, "\r\n");
    }

    private static void WriteLine(ArrayBufferWriter<byte> into, string name, string value)
    {
        if (value.AsSpan().ContainsAny(LineBreaks))
            throw new HttpRequestException($"The header {name} has a line break in its value.");
        Write(into, name);
        Write(into, ": ");
        Write(into, value);
        Write(into, "\r\n");
    }

    private static void Write(ArrayBufferWriter<byte> into, int number)
    {
        Utf8Formatter.TryFormat(number, into.GetSpan(11), out var written);
        into.Advance(written);
    }

    /// <summary>In the encoding in which the server reads headers, as <see cref="Connections.HeaderEncoding"/>.</summary>
    private static void Write(ArrayBufferWriter<byte> into, string text) => into.Advance(Encoding.UTF8.GetBytes(text, into.GetSpan(text.Length * 3)));
}
