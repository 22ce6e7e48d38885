using System.Collections.Frozen;
using Milliways.Keys;

namespace Milliways.Logs;

/// <summary>Where callers put credentials, by name: what stands there never comes into the log.</summary>
internal static class SecretNames
{
    /// <summary>A shorter value is no key, and searching for it would black out half of the log.</summary>
    private const int LeastLength = 8;

    private static readonly FrozenSet<string> Headers = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key", "cf-aig-authorization", "cookie", "set-cookie",
        "x-auth-key", "ocp-apim-subscription-key", "x-amz-security-token", "sec-websocket-protocol", "cf-access-client-secret", "cf-access-token", "cf-access-jwt-assertion");

    private static readonly FrozenSet<string> Queries = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "key", "api_key", "api-key", "apikey", "access_token", "token", "x-amz-signature", "x-amz-security-token", "x-amz-credential", "sig");

    /// <summary>Members of JSON bodies: the headers, which the universal endpoint has there, and what some clients send beside them.</summary>
    private static readonly FrozenSet<string> Members = Headers.Concat(["api_key", "apikey", "access_token"]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static bool IsHeader(string name) => Headers.Contains(name);

    public static bool IsQuery(string name) => Queries.Contains(name);

    public static bool IsMember(string name) => Members.Contains(name);

    /// <summary>
    /// The secrets of a request themselves, so that they are found wherever somebody repeats them. Keys of our own are not among them: they are known by
    /// their beginning.
    /// </summary>
    public static IReadOnlyList<string> Of(HttpRequest request)
    {
        List<string>? secrets = null;
        foreach (var (name, values) in request.Headers)
            if (IsHeader(name))
                foreach (var value in values)
                    Add(ref secrets, WithoutScheme(value));
        if (request.QueryString.HasValue)
            foreach (var (name, values) in request.Query)
                if (IsQuery(name))
                    foreach (var value in values)
                        Add(ref secrets, value);
        return (IReadOnlyList<string>?)secrets ?? [];
    }

    private static void Add(ref List<string>? secrets, string? value)
    {
        if (value?.Length >= LeastLength && !KeyText.IsOurs(value))
            (secrets ??= []).Add(value);
    }

    private static string? WithoutScheme(string? value) =>
        value?.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space && !value.Contains('=', StringComparison.Ordinal) ? value[(space + 1)..].Trim() : value;
}
