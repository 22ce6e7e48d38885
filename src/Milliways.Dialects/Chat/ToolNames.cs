using System.Buffers;
using System.Text;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Chat;

/// <summary>
/// Tools under the names that every dialect takes: at most 64 of <c>[a-zA-Z0-9_-]</c> (dialects 4.6). Others are shortened and hashed for the
/// upstream; <see cref="Restoring"/> gives the caller its own names back, and its custom tools' calls as what they are.
/// </summary>
public sealed class ToolNames
{
    private const int MaxLength = 64;
    private readonly Dictionary<string, string> originals;
    private readonly HashSet<string> custom;

    private ToolNames(Dictionary<string, string> originals, HashSet<string> custom) => (this.originals, this.custom) = (originals, custom);

    internal static SearchValues<char> Allowed { get; } =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    /// <summary>The names of a request that change on their way; a pure function of the request.</summary>
    public static ToolNames Of(ChatRequest request)
    {
        var originals = new Dictionary<string, string>(StringComparer.Ordinal);
        var custom = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tool in request.Tools)
        {
            if (ForUpstream(tool.Name) is var sent && sent != tool.Name) originals[sent] = tool.Name;
            if (ForGoogle(tool.Name) is var google && google != sent) originals[google] = tool.Name;
            if (tool.IsCustom) custom.Add(tool.Name);
        }

        return new ToolNames(originals, custom);
    }

    public static string ForUpstream(string name)
    {
        if (name.Length is > 0 and <= MaxLength && !name.AsSpan().ContainsAnyExcept(Allowed)) return name;
        var cleaned = Cleaned(name);
        return cleaned[..Math.Min(cleaned.Length, 55)] + "_" + ToolCallIds.Hash(name);
    }

    /// <summary>Google wants a letter or an underscore in front (dialects 7). The hash keeps apart what an underscore alone would not.</summary>
    public static string ForGoogle(string name)
    {
        var sent = ForUpstream(name);
        return sent[0] == '_' || char.IsAsciiLetter(sent[0]) ? sent : "_" + sent[..Math.Min(sent.Length, 54)] + "_" + ToolCallIds.Hash(name);
    }

    public string Original(string name) => originals.GetValueOrDefault(name, name);

    /// <summary>Events with the caller's names and kinds of tools; <paramref name="inner"/> itself when none differs.</summary>
    public IChatEventSink Restoring(IChatEventSink inner) => originals.Count == 0 && custom.Count == 0 ? inner : new Restorer(this, inner);

    internal static string Cleaned(string text) => string.Concat(text.Select(letter => Allowed.Contains(letter) ? letter : '_'));

    private sealed class Restorer(ToolNames names, IChatEventSink inner) : IChatEventSink
    {
        private readonly SortedDictionary<(int Choice, int Index), Held> held = [];

        public void On(ChatEvent chatEvent)
        {
            switch (chatEvent)
            {
                case ChatEvent.ToolCallStarted call:
                    var original = names.Original(call.Name);
                    var isMapped = !call.IsCustom && names.custom.Contains(original);
                    if (isMapped) held[(call.Choice, call.Index)] = new Held();
                    inner.On(call with { Name = original, IsCustom = call.IsCustom || isMapped });
                    break;
                case ChatEvent.ToolCallDelta delta when held.TryGetValue((delta.Choice, delta.Index), out var arguments):
                    arguments.Add(delta.Arguments);
                    if (arguments.IsComplete) Release(delta.Choice, delta.Index, arguments);
                    break;
                case ChatEvent.Finished finished:
                    foreach (var (at, arguments) in held)
                        if (at.Choice == finished.Choice) Release(at.Choice, at.Index, arguments);
                    inner.On(finished);
                    break;
                default:
                    inner.On(chatEvent);
                    break;
            }
        }

        /// <summary>Text cannot be taken out of arguments that are not whole: a custom call's input comes in one piece (dialects 4.12.3).</summary>
        private void Release(int choice, int index, Held arguments)
        {
            if (arguments.Take() is { Length: > 0 } text && CustomTools.Input(text) is { Length: > 0 } input)
                inner.On(new ChatEvent.ToolCallDelta(choice, index, input));
        }
    }

    /// <summary>The arguments of a call as far as they are known.</summary>
    private sealed class Held
    {
        private readonly StringBuilder text = new();
        private JsonBalance balance;

        public bool IsComplete => balance.IsComplete;

        public void Add(string arguments)
        {
            text.Append(arguments);
            balance.Add(arguments);
        }

        public string Take()
        {
            var whole = text.ToString();
            text.Clear();
            return string.IsNullOrWhiteSpace(whole) ? "" : whole;
        }
    }
}
