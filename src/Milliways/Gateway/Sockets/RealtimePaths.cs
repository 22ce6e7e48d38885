using Milliways.Gateway.Calls;

namespace Milliways.Gateway.Sockets;

/// <summary>Where providers' realtime sockets are (cloudflare 1.10): Cloudflare's addresses say less than the providers' own do.</summary>
internal static class RealtimePaths
{
    private const string Google = "google";

    /// <summary>The path of a provider's session, where the address has none behind the slug.</summary>
    private static readonly Dictionary<string, string> Sessions = new(StringComparer.Ordinal)
    {
        ["openai"] = "v1/realtime",
        ["grok"] = "v1/realtime", // not in Cloudflare's list
        [Google] = "ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
        ["cartesia"] = "tts/websocket",
        ["elevenlabs"] = "v1/convai/conversation",
    };

    /// <summary>A session's call, its provider and its path there; null: nobody has sockets under this address.</summary>
    public static (GatewayCall Call, string Slug, string Path)? Of(GatewayCall call)
    {
        var slash = call.Rest.IndexOf('/', StringComparison.Ordinal);
        var (word, rest) = slash < 0 ? (call.Rest, "") : (call.Rest[..slash], call.Rest[(slash + 1)..]);
        var query = call.Query;
        if (rest.Trim('/').Length == 0 && Sessions.TryGetValue(word, out var session))
            rest = session;
        if (word == "workers-ai" && rest.Length == 0 && Take(ref query, "model") is { } model)
            rest = "run/" + Uri.UnescapeDataString(model);
        if (word == Google && Take(ref query, "api_key") is { } key)
            query = query.Length == 0 ? "?key=" + key : $"{query}&key={key}";
        var slug = word == Google ? "google-ai-studio" : word;
        return slug == GatewayRoutes.Compat || rest.Length == 0 ? null : (call with { Method = "GET", Query = query, IsRealtime = true }, slug, rest);
    }

    /// <summary>Takes a member out of a query, as it was written.</summary>
    private static string? Take(ref string query, string name)
    {
        if (query.Length < 2)
            return null;
        var pairs = query[1..].Split('&').ToList();
        var at = pairs.FindIndex(pair => pair.StartsWith(name + "=", StringComparison.Ordinal));
        if (at < 0)
            return null;
        var value = pairs[at][(name.Length + 1)..];
        pairs.RemoveAt(at);
        query = pairs.Count == 0 ? "" : "?" + string.Join('&', pairs);
        return value;
    }
}
