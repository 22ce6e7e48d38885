using System.Buffers;

namespace Milliways.Dialects.Chat;

/// <summary>
/// Names of tools that both dialects take: at most 64 of <c>[a-zA-Z0-9_-]</c> (dialects 4.6). Others are shortened and hashed for the
/// upstream; <see cref="Restoring"/> gives the caller its own names back.
/// </summary>
public sealed class ToolNames
{
    private const int MaxLength = 64;
    private readonly Dictionary<string, string> originals;

    private ToolNames(Dictionary<string, string> originals) => this.originals = originals;

    internal static SearchValues<char> Allowed { get; } =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    /// <summary>The names of a request that change on their way; a pure function of the request.</summary>
    public static ToolNames Of(ChatRequest request)
    {
        var originals = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tool in request.Tools)
            if (ForUpstream(tool.Name) is var sent && sent != tool.Name) originals[sent] = tool.Name;
        return new ToolNames(originals);
    }

    public static string ForUpstream(string name)
    {
        if (name.Length is > 0 and <= MaxLength && !name.AsSpan().ContainsAnyExcept(Allowed)) return name;
        var cleaned = Cleaned(name);
        return cleaned[..Math.Min(cleaned.Length, 55)] + "_" + ToolCallIds.Hash(name);
    }

    public string Original(string name) => originals.GetValueOrDefault(name, name);

    /// <summary>Events with the caller's names; <paramref name="inner"/> itself when none differs.</summary>
    public IChatEventSink Restoring(IChatEventSink inner) => originals.Count == 0 ? inner : new Restorer(this, inner);

    internal static string Cleaned(string text) => string.Concat(text.Select(letter => Allowed.Contains(letter) ? letter : '_'));

    private sealed class Restorer(ToolNames names, IChatEventSink inner) : IChatEventSink
    {
        public void On(ChatEvent chatEvent) =>
            inner.On(chatEvent is ChatEvent.ToolCallStarted call ? call with { Name = names.Original(call.Name) } : chatEvent);
    }
}
