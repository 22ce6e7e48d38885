using System.Collections.Frozen;
using Milliways.Exchanges;
using Milliways.Keys;

namespace Milliways.Gateway.Calls;

/// <summary>
/// The head of a request as it goes on to a provider: all that the caller wrote, without what is for the gateway, for one connection or for this host, and
/// without anything that holds a key of ours.
/// </summary>
internal static class RawHead
{
    private static readonly FrozenSet<string> Kept = new[]
    {
        "Host", "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Content-Length",
        "Accept-Encoding", // answers are read in passing
        "Cookie", // of this host
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-IP", "Via", // of the caller's way to us
        "CF-Access-Jwt-Assertion", "cf-cache-ttl", "cf-skip-cache", "x-fal-target-url",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Which of the operator's projects a call is booked to is not the caller's to say.</summary>
    private static readonly string[] Accounts = ["OpenAI-Organization", "OpenAI-Project"];

    /// <param name="headers">The caller's.</param>
    /// <param name="key">The credential in the place of the caller's own; null: the caller's goes on.</param>
    /// <param name="more">The operator's headers, in the place of the caller's of the same names.</param>
    /// <param name="isOperators">The call is made on the operator's account.</param>
    public static List<(string Name, string Value)> Of(IHeaderDictionary headers, CallKey? key, IReadOnlyList<(string Name, string Value)> more, bool isOperators)
    {
        var head = new List<(string, string)>(headers.Count + 1);
        var connection = headers.Connection.Count > 0 ? headers.Connection.ToString().Split(',', StringSplitOptions.TrimEntries) : [];
        foreach (var (name, values) in headers)
        {
            if (Kept.Contains(name) || name.StartsWith(GatewayHeaders.Prefix, StringComparison.OrdinalIgnoreCase) || name.StartsWith("x-milliways-", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith(':') || connection.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;
            if (CallerCredentials.IsKeyHeader(name) && (key is not null || CallerCredentials.NotEmpty(values.ToString()) is null))
                continue;
            if ((isOperators && Accounts.Contains(name, StringComparer.OrdinalIgnoreCase)) || more.Any(own => own.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                continue;
            foreach (var value in values)
                if (value is not null && !KeyText.IsOurs(value))
                    head.Add((name, value));
        }
        if (key is { Header.Length: > 0 } own)
            head.Add((own.Header, own.Value));
        head.AddRange(more);
        return head;
    }
}
