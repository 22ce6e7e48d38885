using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>Tools of a namespace have one name elsewhere: both, joined by <c>__</c> (dialects 4.3).</summary>
internal static class Namespaces
{
    private const string Between = "__";

    public static string Join(string space, string name) => space + Between + name;

    /// <summary>A tool's namespace, or null, and its name in it, as the request offered it.</summary>
    public static (string? Space, string Name) Split(ChatRequest request, string name)
    {
        foreach (var tool in request.Tools)
            if (tool.Namespace is { } space && tool.Name == name) return (space, name[(space.Length + Between.Length)..]);
        return (null, name);
    }
}
