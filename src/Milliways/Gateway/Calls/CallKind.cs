using Milliways.Upstreams;

namespace Milliways.Gateway.Calls;

/// <summary>What a path at a provider does, as far as anybody here knows its dialect.</summary>
internal enum CallKind
{
    /// <summary>Goes through unread and unmetered.</summary>
    Other,
    Chat,
    Responses,
    Messages,
    Embeddings,
    Images,

    /// <summary>Google's <c>generateContent</c> and <c>streamGenerateContent</c>.</summary>
    Gemini,
}

/// <summary>Reads kinds out of paths.</summary>
internal static class CallKinds
{
    /// <param name="method">Only what is posted is metered.</param>
    /// <param name="rest">The path behind the slug.</param>
    public static CallKind Of(string method, string rest)
    {
        if (method != "POST")
            return CallKind.Other;
        var path = rest.AsSpan().TrimEnd('/');
        return Ends(path, "chat/completions") ? CallKind.Chat
            : path is "messages" or "v1/messages" || path.EndsWith("/v1/messages", StringComparison.Ordinal) ? CallKind.Messages
            : Ends(path, "responses") ? CallKind.Responses
            : Ends(path, "embeddings") ? CallKind.Embeddings
            : Ends(path, "images/generations") ? CallKind.Images
            : GeminiRequest.Of(path.ToString()) is not null ? CallKind.Gemini
            : CallKind.Other;
    }

    /// <summary>Costs nothing at any provider, and tells nothing that a team has made there: lists of models, and counted tokens.</summary>
    public static bool IsFree(string method, string rest)
    {
        var path = rest.AsSpan().TrimEnd('/');
        if (path.StartsWith("v1/", StringComparison.Ordinal) || path.StartsWith("v1beta/", StringComparison.Ordinal))
            path = path[(path.IndexOf('/') + 1)..];
        return method is "GET" or "HEAD" ? path is "models" || path.StartsWith("models/", StringComparison.Ordinal)
            : method == "POST" && (path is "messages/count_tokens" || (path.StartsWith("models/", StringComparison.Ordinal) && path.EndsWith(":countTokens", StringComparison.Ordinal)));
    }

    public static Operation Operation(this CallKind kind) => kind switch
    {
        CallKind.Chat or CallKind.Responses or CallKind.Messages or CallKind.Gemini => Upstreams.Operation.Chat,
        CallKind.Embeddings => Upstreams.Operation.Embeddings,
        CallKind.Images => Upstreams.Operation.ImageGenerations,
        _ => Upstreams.Operation.PassThrough,
    };

    private static bool Ends(ReadOnlySpan<char> path, string with) => path.EndsWith(with, StringComparison.Ordinal) && (path.Length == with.Length || path[^(with.Length + 1)] == '/');
}
