using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Milliways.Dialects.Chat;

/// <summary>Ids of tool calls between dialects (dialects 4.5, "Tool-call ids"): valid ones pass untouched, others map the same way every time.</summary>
public static class ToolCallIds
{
    private const int ChatMaxLength = 40;
    private const int ResponsesMaxLength = 64;
    private const int CheckLength = 8;

    /// <summary>Between an id and the signature that travels in it.</summary>
    private const string SignatureMark = "_gts_";

    /// <summary>Anthropic takes <c>^[a-zA-Z0-9_-]+$</c>: a cleaned text with a hash of the original, so that two originals stay two.</summary>
    public static string ForAnthropic(string id)
    {
        if (id.Length > 0 && !id.AsSpan().ContainsAnyExcept(ToolNames.Allowed)) return id;
        return ToolNames.Cleaned(id) + "_" + Hash(id);
    }

    /// <summary>OpenAI refuses ids over 40 characters: the first 31 and a hash.</summary>
    public static string ForChat(string id) => Bare(id) is var bare && bare.Length <= ChatMaxLength ? bare : bare[..31] + "_" + Hash(bare);

    /// <summary>
    /// Google signs its calls and wants the signature back with them (dialects 7); a call's id is all that clients of every dialect give back. The
    /// signature stands behind the id in the letters that every dialect takes, with a check, so that one that a client has cut is seen.
    /// </summary>
    public static string WithSignature(string id, string? signature)
    {
        if (string.IsNullOrEmpty(signature)) return id;
        var text = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(signature));
        // What is base64 already is not wrapped once more.
        if (signature.Length % 4 == 0 && Base64.IsValid(signature) && !signature.Any(char.IsWhiteSpace)) text = "_" + signature.Replace('+', '-').Replace('/', '_').TrimEnd('=');
        return ForAnthropic(id) + SignatureMark + Hash(text) + text;
    }

    /// <summary>The signature in an id exactly as it came, or null when there is none or it is not whole.</summary>
    public static string? Signature(string id)
    {
        var mark = id.IndexOf(SignatureMark, StringComparison.Ordinal);
        if (mark < 0) return null;
        var text = id.AsSpan(mark + SignatureMark.Length);
        if (text.Length <= CheckLength || !text[..CheckLength].SequenceEqual(Hash(text[CheckLength..].ToString()))) return null;
        text = text[CheckLength..];
        if (text[0] != '_') return Base64Url.IsValid(text) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)) : null;
        var base64 = text[1..].ToString().Replace('-', '+').Replace('_', '/');
        return base64.PadRight((base64.Length + 3) / 4 * 4, '=');
    }

    /// <summary>The id without a signature: what any upstream but Google's gets.</summary>
    public static string Bare(string id) => id.IndexOf(SignatureMark, StringComparison.Ordinal) is var mark and > 0 ? id[..mark] : id;

    /// <summary>Responses takes 64 characters: the first 55 and a hash.</summary>
    public static string ForResponses(string id) => Bare(id) is var bare && bare.Length <= ResponsesMaxLength ? bare : bare[..55] + "_" + Hash(bare);

    /// <summary>An id for a call that came without one: the same for the same answer, so that a replay is identical.</summary>
    public static string Made(string answerId, int choice, int index) =>
        "call_" + Hash(string.Create(CultureInfo.InvariantCulture, $"{answerId}/{choice}/{index}"), 12);

    internal static string Hash(string text, int bytes = 4) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, bytes));
}
