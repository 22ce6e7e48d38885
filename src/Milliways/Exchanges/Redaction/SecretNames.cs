using System.Collections.Frozen;

namespace Milliways.Exchanges.Redaction;

/// <summary>Where credentials are put, by name: what stands there is never written down.</summary>
internal static class SecretNames
{
    private static readonly FrozenSet<string> Headers = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key", "cf-aig-authorization", "cookie", "set-cookie",
        "x-auth-key", "ocp-apim-subscription-key", "x-amz-security-token", "sec-websocket-protocol", "cf-access-client-secret", "cf-access-token", "cf-access-jwt-assertion");

    private static readonly FrozenSet<string> Queries = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "key", "api_key", "api-key", "apikey", "access_token", "token", "x-amz-signature", "x-amz-security-token", "x-amz-credential", "sig");

    /// <summary>Members of JSON bodies: the headers, which the universal endpoint has there, and what some clients send beside them.</summary>
    private static readonly FrozenSet<string> Members = Headers.Concat(["api_key", "apikey", "access_token"]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly string[] Parts = ["key", "secret", "token", "password"];

    /// <summary>How headers of operators' and providers' own making end that have a credential.</summary>
    private static readonly string[] Endings = ["api-key", "apikey", "-token", "-secret", "-password", "authorization"];

    public static bool IsHeader(string name) => Headers.Contains(name) || HasEnding(name);

    /// <summary>Asked of every header that leaves: no delegate, and few comparisons.</summary>
    private static bool HasEnding(ReadOnlySpan<char> name)
    {
        foreach (var ending in Endings)
            if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }

    public static bool IsQuery(string name) => Queries.Contains(name);

    public static bool IsMember(string name) => Members.Contains(name) || IsHeader(name);

    /// <summary>A member of a credential that is a document.</summary>
    public static bool IsPart(string name) =>
        Array.Exists(Parts, word => name.Contains(word, StringComparison.OrdinalIgnoreCase)) && !name.EndsWith("uri", StringComparison.OrdinalIgnoreCase) && !name.EndsWith("url", StringComparison.OrdinalIgnoreCase);

    /// <summary>The credential in an entry of Sec-WebSocket-Protocol, such as <c>openai-insecure-api-key.sk-...</c>; null: the entry has none.</summary>
    public static string? InProtocol(string entry) =>
        entry.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && HasEnding(entry.AsSpan(0, dot)) ? entry[(dot + 1)..] : null;
}
