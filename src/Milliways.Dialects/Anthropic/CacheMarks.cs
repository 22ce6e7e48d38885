using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>At most four cache marks go into a request; the last ones win (dialects 4.1).</summary>
internal sealed class CacheMarks(IReadOnlyList<ChatTool> tools, Conversation conversation)
{
    private const int Most = 4;
    private int surplus = Count(tools, conversation) - Most;

    /// <summary>Must be asked in the order of the body.</summary>
    public void Write(Utf8JsonWriter writer, JsonElement? mark)
    {
        if (mark is not { } value || surplus-- > 0) return;
        writer.WritePropertyName("cache_control"u8);
        value.WriteTo(writer);
    }

    /// <summary>Thinking takes no mark (dialects 2.3).</summary>
    public static bool MayCarry(ChatPart part) => part is not (ChatPart.Thinking or ChatPart.RedactedThinking);

    private static int Count(IReadOnlyList<ChatTool> tools, Conversation conversation) =>
        tools.Count(tool => tool.CacheControl is not null)
        + conversation.System.Count(text => text.CacheControl is not null)
        + conversation.Turns.Sum(turn => turn.Parts.Count(part => part.CacheControl is not null && MayCarry(part)));
}
