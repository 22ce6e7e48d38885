using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// Reasoning between turns. OpenAI's <c>encrypted_content</c> is read by its maker only; ours carries another vendor's signature or redacted block,
/// so that the block can be built again when the client sends the item back (dialects 4.9).
/// </summary>
internal static class ReasoningItem
{
    private const string Signature = "mw1.s.";
    private const string Redacted = "mw1.r.";

    public static string OfSignature(string signature) => Signature + signature;

    public static string OfRedacted(string data) => Redacted + data;

    /// <summary>The signature in our own encoding, or null.</summary>
    public static string? ReadSignature(string? encrypted) => Behind(Signature, encrypted);

    /// <summary>The redacted block in our own encoding, or null.</summary>
    public static string? ReadRedacted(string? encrypted) => Behind(Redacted, encrypted);

    /// <summary>The parts of a history's item; none when only its maker could read it.</summary>
    public static IEnumerable<ChatPart> Read(JsonField item)
    {
        var encrypted = item["encrypted_content"].Text();
        var texts = Texts(item["summary"]);
        if (texts.Count == 0) texts = Texts(item["content"]);
        var text = string.Join("\n\n", texts);
        var signature = ReadSignature(encrypted);
        if (text.Length > 0 || signature is not null) yield return new ChatPart.Thinking(text, signature);
        if (ReadRedacted(encrypted) is { } redacted) yield return new ChatPart.RedactedThinking(redacted);
    }

    /// <summary>Whether reasoning among the items of an input can be read by its maker only.</summary>
    public static bool AnyIsForeign(JsonElement input) => input.ValueKind == JsonValueKind.Array && input.EnumerateArray().Any(item =>
        item.Text("type") == "reasoning" && item.Text("encrypted_content") is { Length: > 0 } encrypted && ReadSignature(encrypted) is null && ReadRedacted(encrypted) is null);

    private static List<string> Texts(JsonField parts)
    {
        var texts = new List<string>();
        foreach (var part in parts.Items())
            if (part.Object()["text"].Text() is { Length: > 0 } text) texts.Add(text);
        return texts;
    }

    private static string? Behind(string prefix, string? encrypted) =>
        encrypted is not null && encrypted.StartsWith(prefix, StringComparison.Ordinal) ? encrypted[prefix.Length..] : null;
}
