using System.Globalization;
using System.Text;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>
/// <c>encrypted_content</c> of our own: other vendors' signatures and redacted blocks between turns, so that their reasoning can be built again when the
/// client sends the message back (dialects 4.9). A message has one text of reasoning, so each signature says how much of it it proves.
/// </summary>
internal static class ReasoningSeal
{
    private const string Signature = "mw2.s.";
    private const string Redacted = "mw2.r.";
    private const char End = '\n';

    /// <summary>A proof of the <paramref name="length"/> UTF-16 units of reasoning that follow what was told before; null: they have none.</summary>
    public static void Sign(StringBuilder into, string? signature, int length) =>
        into.Append(Signature).Append(CultureInfo.InvariantCulture, $"{length}.").Append(Clean(signature ?? "")).Append(End);

    public static void Redact(StringBuilder into, string data) => into.Append(Redacted).Append(Clean(data)).Append(End);

    /// <summary>The parts in their order; null when the text is not ours. Reasoning that no signature covers is a part without one.</summary>
    public static List<ChatPart>? Open(string reasoning, string encrypted)
    {
        if (encrypted.Length == 0) return null;
        var parts = new List<ChatPart>();
        var at = 0;
        foreach (var line in encrypted.Split(End, StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith(Redacted, StringComparison.Ordinal))
            {
                parts.Add(new ChatPart.RedactedThinking(line[Redacted.Length..]));
                continue;
            }

            if (!line.StartsWith(Signature, StringComparison.Ordinal)) return null;
            var dot = line.IndexOf('.', Signature.Length);
            if (dot < 0 || !int.TryParse(line.AsSpan(Signature.Length..dot), NumberStyles.None, CultureInfo.InvariantCulture, out var length)) return null;
            // Reasoning that was cut or changed on its way is not what was signed.
            if (length > reasoning.Length - at) break;
            parts.Add(new ChatPart.Thinking(reasoning.Substring(at, length), dot + 1 < line.Length ? line[(dot + 1)..] : null));
            at += length;
        }

        if (at < reasoning.Length) parts.Add(new ChatPart.Thinking(reasoning[at..], null));
        return parts;
    }

    private static string Clean(string text) => text.Replace("\n", "", StringComparison.Ordinal);
}
