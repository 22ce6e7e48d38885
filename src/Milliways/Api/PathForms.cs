namespace Milliways.Api;

/// <summary>
/// The forms of a base URL that users really have, brought to the one form the routes know: an OpenAI SDK with the bare host posts
/// <c>/chat/completions</c>, an Anthropic SDK with <c>/v1</c> posts <c>/v1/v1/messages</c>, a base with a trailing slash gives <c>//v1/...</c>.
/// </summary>
internal static class PathForms
{
    private static readonly string[] Bare =
    [
        "/chat/completions", "/completions", "/messages", "/messages/count_tokens", "/complete", "/responses", "/embeddings", "/models", "/language-models",
        "/embedding-models", "/image-generation-models", "/video-generation-models", "/api-key", "/tokenize-text", "/images/generations", "/images/edits", "/files", "/batches",
        "/videos/generations", "/videos/edits", "/videos/extensions", "/documents/search", "/responses/input_tokens", "/responses/compact",
    ];

    private static readonly string[] BarePrefixes =
    [
        "/models/", "/language-models/", "/embedding-models/", "/image-generation-models/", "/video-generation-models/", "/chat/deferred-completion/",
        "/responses/", "/files/", "/batches/", "/videos/",
    ];

    public static string Normalize(string path)
    {
        if (path.Contains("//", StringComparison.Ordinal))
            path = Collapse(path);
        if (path.Length > 1 && path[^1] == '/')
            path = path[..^1];
        while (path.StartsWith("/v1/v1/", StringComparison.Ordinal))
            path = path[3..];
        if (!path.StartsWith("/v1/", StringComparison.Ordinal) && IsBare(path))
            path = "/v1" + path;
        return path;
    }

    private static bool IsBare(string path) =>
        Array.IndexOf(Bare, path) >= 0 || Array.Exists(BarePrefixes, prefix => path.StartsWith(prefix, StringComparison.Ordinal));

    private static string Collapse(string path)
    {
        Span<char> text = path.Length <= 512 ? stackalloc char[path.Length] : new char[path.Length];
        var length = 0;
        foreach (var letter in path)
            if (letter != '/' || length == 0 || text[length - 1] != '/')
                text[length++] = letter;
        return text[..length].ToString();
    }
}
