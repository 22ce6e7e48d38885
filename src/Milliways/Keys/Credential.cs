using Microsoft.Extensions.Primitives;

namespace Milliways.Keys;

/// <summary>Finds the key text in a request: <c>Authorization: Bearer</c> or <c>x-api-key</c>, accepted on every path (contract).</summary>
internal static class Credential
{
    /// <summary>The credential's text, or null when none came in a form we know.</summary>
    public static string? From(IHeaderDictionary headers)
    {
        var authorization = headers.Authorization;
        if (!StringValues.IsNullOrEmpty(authorization))
        {
            var text = authorization.ToString();
            if (text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && text.AsSpan(7).Trim() is { Length: > 0 } token)
                return token.ToString();
        }
        // Claude Code may send both; a usable one wins over a malformed one.
        if (headers.TryGetValue("x-api-key", out var key) && !string.IsNullOrWhiteSpace(key.ToString()))
            return key.ToString().Trim();
        return null;
    }
}
