using System.Globalization;
using System.Text;
using Milliways.Exchanges.Redaction;

namespace Milliways.Logs;

/// <summary>Writes the heads of a request and its answer as HTTP/1.1 has them, with what stands in credentials' places left out.</summary>
internal static class PayloadHeads
{
    public static string Request(HttpRequest request)
    {
        var head = new StringBuilder(1024).Append(request.Method).Append(' ').Append(request.Path.ToUriComponent());
        Query(head, request.QueryString.Value);
        return Headers(head.Append(' ').Append(request.Protocol).Append("\r\n"), request.Headers);
    }

    public static string Response(HttpResponse response) =>
        Headers(new StringBuilder(512).Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {response.StatusCode}\r\n"), response.Headers);

    private static void Query(StringBuilder head, string? query)
    {
        if (string.IsNullOrEmpty(query))
            return;
        var separator = '?';
        foreach (var part in query[1..].Split('&'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var isSecret = equals > 0 && SecretNames.IsQuery(Uri.UnescapeDataString(part[..equals]));
            head.Append(separator).Append(isSecret ? part[..(equals + 1)] + Redactor.Mark : part);
            separator = '&';
        }
    }

    private static string Headers(StringBuilder head, IHeaderDictionary headers)
    {
        foreach (var (name, values) in headers)
            foreach (var value in values)
                head.Append(name).Append(": ").Append(SecretNames.IsHeader(name) ? Redactor.Mark : value).Append("\r\n");
        return head.ToString();
    }
}
