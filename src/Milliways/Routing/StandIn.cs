namespace Milliways.Routing;

/// <summary>
/// With no xAI upstream, the embedded models answer for a few of xAI's names, so that every documented text example runs (design §4, "Stand-in").
/// It is never silent: the answer names the model that really answered.
/// </summary>
internal static class StandIn
{
    /// <summary>xAI's name of late 2024 that every founding document uses.</summary>
    public const string Chat = "grok-beta";

    /// <summary>The names of Grok in Cloudflare's documents (cloudflare 1.5), which a gateway's addresses take for <see cref="Chat"/>.</summary>
    public static readonly IReadOnlyList<string> OfGateways = ["grok-4"];

    /// <summary>Answered with a 400 naming the remedy, never by a model that cannot see.</summary>
    public const string Vision = "grok-vision-beta";

    /// <summary>Names under which xAI's documents and clients ask for embeddings (xai-api 1.7).</summary>
    private static readonly string[] Embeddings = ["v1", "grok-embedding-small", "embedding-beta"];

    public static bool IsEmbedding(string name) => Array.IndexOf(Embeddings, name) >= 0;
}
