using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>
/// Anthropic's clients want every thinking block signed. Thinking of other vendors gets our own mark, by which it is known and dropped on its way
/// back (dialects 4.9).
/// </summary>
internal static class Signatures
{
    private const string Prefix = "mw-";

    public static string Own(string answerId, int block) => Prefix + ToolCallIds.Made(answerId, 0, block)["call_".Length..];

    /// <summary>Whether Anthropic would take the signature for its own.</summary>
    public static bool IsForeign(string? signature) => string.IsNullOrEmpty(signature) || signature.StartsWith(Prefix, StringComparison.Ordinal);
}
