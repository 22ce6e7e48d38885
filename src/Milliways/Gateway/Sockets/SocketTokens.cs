using Milliways.Keys;

namespace Milliways.Gateway.Sockets;

/// <summary>Credentials that browsers can only put among a WebSocket's subprotocols (cloudflare 1.2, 1.10).</summary>
internal static class SocketTokens
{
    private const string Token = "cf-aig-authorization.";

    /// <summary>Providers' own ways to take a key there: ElevenLabs, fal, OpenAI.</summary>
    private static readonly string[] ProviderKeys = ["xi-api-key.", "fal-api-key.", "openai-insecure-api-key."];

    /// <summary>The gateway's token; null: none is among them.</summary>
    public static string? TokenOf(IHeaderDictionary headers) =>
        Offered(headers).FirstOrDefault(entry => entry.StartsWith(Token, StringComparison.OrdinalIgnoreCase)) is { Length: > 0 } entry ? entry[Token.Length..] : null;

    public static bool HasProviderKey(IHeaderDictionary headers) =>
        Offered(headers).Any(entry => Array.Exists(ProviderKeys, prefix => entry.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) && !KeyText.IsOurs(entry));

    /// <summary>What the provider may see.</summary>
    public static IEnumerable<string> ForProvider(IHeaderDictionary headers) =>
        Offered(headers).Where(entry => !entry.StartsWith(Token, StringComparison.OrdinalIgnoreCase) && !KeyText.IsOurs(entry));

    /// <summary>What is chosen where nobody else chooses: a browser that offered something ends a connection without any.</summary>
    public static string? Chosen(IHeaderDictionary headers) => Offered(headers).FirstOrDefault();

    private static string[] Offered(IHeaderDictionary headers) =>
        headers.TryGetValue("Sec-WebSocket-Protocol", out var given) ? given.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [];
}
