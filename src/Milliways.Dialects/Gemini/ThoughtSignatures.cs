using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>The part of an answer that a thought signature was attached to.</summary>
internal enum SignedPart { Thought, Text }

/// <summary>
/// Google's <c>thoughtSignature</c> of thoughts and texts as signatures of reasoning, marked as Google's: it goes back to Google only, and nobody else's
/// goes there (dialects 7). Signatures of function calls travel in the calls' ids (<see cref="ToolCallIds.WithSignature"/>).
/// </summary>
internal static class ThoughtSignatures
{
    // What begins with mw- is ours; Anthropic's writer drops it.
    private const string ThoughtMark = "mw-google-thought-";
    private const string TextMark = "mw-google-text-";

    public static string Marked(string signature, SignedPart part) => (part == SignedPart.Thought ? ThoughtMark : TextMark) + signature;

    public static bool IsOwn(string? signature) => Read(signature, out _) is not null;

    /// <summary>The bare signature, or null when it is not Google's.</summary>
    public static string? Read(string? signature, out SignedPart part)
    {
        part = SignedPart.Thought;
        if (signature is null) return null;
        if (signature.StartsWith(ThoughtMark, StringComparison.Ordinal)) return signature[ThoughtMark.Length..];
        part = SignedPart.Text;
        return signature.StartsWith(TextMark, StringComparison.Ordinal) ? signature[TextMark.Length..] : null;
    }
}
