namespace Milliways.Keys;

/// <summary>Finds the key text in a request: <c>Authorization: Bearer</c> or <c>x-api-key</c>, accepted on every path (contract).</summary>
internal static class Credential
{
    /// <summary>The credential's text, or nothing when none came in a form we know. Allocates nothing.</summary>
    /// <param name="headers">The request's.</param>
    /// <param name="header">The header's value that it is a part of: the server gives the same string again while a connection repeats it.</param>
    public static ReadOnlySpan<char> From(IHeaderDictionary headers, out string? header)
    {
        header = headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && header.AsSpan(7).Trim() is { Length: > 0 } token)
            return token;
        // Claude Code may send both; a usable one wins over a malformed one.
        header = headers.TryGetValue("x-api-key", out var key) ? key.ToString() : null;
        return header.AsSpan().Trim();
    }
}
