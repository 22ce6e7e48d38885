using Milliways.Gateway.Sockets;
using Milliways.Keys;

namespace Milliways.Gateway.Calls;

/// <summary>
/// The credentials of a request on a gateway address (cloudflare 1.2, 3.8): the token that opens the gateway, and whether the caller brings a provider's key
/// of its own. A text of ours in any header is the token or nothing; it is never a provider's key.
/// </summary>
/// <param name="Token">What was sent as the gateway's token; null: nothing.</param>
/// <param name="HasProviderKey">A provider's key is in its header; it goes on unchanged.</param>
internal sealed record CallerCredentials(string? Token, bool HasProviderKey)
{
    public const string TokenHeader = "cf-aig-authorization";

    private const string Bearer = "Bearer";

    /// <summary>Headers in which providers want their keys (cloudflare 1.3).</summary>
    private static readonly string[] KeyHeaders = ["Authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key"];

    public static CallerCredentials Read(IHeaderDictionary headers, string query)
    {
        string? token = null;
        var hasKey = query.Length > 0 && HasKey(query);
        if (headers.TryGetValue(TokenHeader, out var given))
            token = NotEmpty(given.ToString());
        token ??= SocketTokens.TokenOf(headers);
        hasKey |= SocketTokens.HasProviderKey(headers);
        foreach (var name in KeyHeaders)
        {
            if (!headers.TryGetValue(name, out var value) || NotEmpty(value.ToString()) is not { } text)
                continue;
            if (KeyText.IsOurs(text))
                token ??= text;
            else
                hasKey = true;
        }
        return new CallerCredentials(token, hasKey);
    }

    public static bool IsKeyHeader(string name) => Array.Exists(KeyHeaders, header => header.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>A header's credential without its scheme's word; an empty one, such as the <c>Bearer </c> of a client without a key, is none.</summary>
    public static string? NotEmpty(string value)
    {
        var text = value.AsSpan().Trim();
        if (text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && (text.Length == Bearer.Length || text[Bearer.Length] == ' '))
            text = text[Bearer.Length..].Trim();
        return text.IsEmpty ? null : text.ToString();
    }

    /// <summary>Providers that take their key in the address: Google's <c>key</c>, Cartesia's <c>api_key</c>.</summary>
    private static bool HasKey(string query) =>
        query.AsSpan(1).ToString().Split('&').Any(pair => pair.StartsWith("key=", StringComparison.Ordinal) || pair.StartsWith("api_key=", StringComparison.Ordinal));
}
