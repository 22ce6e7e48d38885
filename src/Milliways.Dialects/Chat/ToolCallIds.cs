using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Milliways.Dialects.Chat;

/// <summary>Ids of tool calls between dialects (dialects 4.5, "Tool-call ids"): valid ones pass untouched, others map the same way every time.</summary>
public static class ToolCallIds
{
    private const int ChatMaxLength = 40;
    private const int ResponsesMaxLength = 64;

    /// <summary>Anthropic takes <c>^[a-zA-Z0-9_-]+$</c>: a cleaned text with a hash of the original, so that two originals stay two.</summary>
    public static string ForAnthropic(string id)
    {
        if (id.Length > 0 && !id.AsSpan().ContainsAnyExcept(ToolNames.Allowed)) return id;
        return ToolNames.Cleaned(id) + "_" + Hash(id);
    }

    /// <summary>OpenAI refuses ids over 40 characters: the first 31 and a hash.</summary>
    public static string ForChat(string id) => id.Length <= ChatMaxLength ? id : id[..31] + "_" + Hash(id);

    /// <summary>Responses takes 64 characters: the first 55 and a hash.</summary>
    public static string ForResponses(string id) => id.Length <= ResponsesMaxLength ? id : id[..55] + "_" + Hash(id);

    /// <summary>An id for a call that came without one: the same for the same answer, so that a replay is identical.</summary>
    public static string Made(string answerId, int choice, int index) =>
        "call_" + Hash(string.Create(CultureInfo.InvariantCulture, $"{answerId}/{choice}/{index}"), 12);

    internal static string Hash(string text, int bytes = 4) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, bytes));
}
