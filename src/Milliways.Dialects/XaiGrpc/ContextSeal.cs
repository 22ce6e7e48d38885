using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>
/// <c>encrypted_content</c> of CompactContext: the conversation's system messages as they were, and what a model wrote down of the rest. It is the caller's own
/// conversation, so that it is wrapped and not hidden; a caller that changes it changes nothing but its own next request.
/// </summary>
internal static class ContextSeal
{
    private const string Mark = "mw2.c.";

    public static string Seal(IEnumerable<ChatMessage> conversation, string record)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = JsonText.Writer(output))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("system"u8);
            foreach (var turn in conversation.Where(turn => turn.Role is ChatRole.System or ChatRole.Developer))
                if (string.Concat(turn.Parts.OfType<ChatPart.Text>().Select(part => part.Value)) is { Length: > 0 } text) writer.WriteStringValue(text);
            writer.WriteEndArray();
            writer.WriteString("record"u8, record);
            writer.WriteEndObject();
        }

        return Mark + Convert.ToBase64String(output.WrittenSpan);
    }

    /// <summary>The turns that stand for the conversation; null when the text is not ours.</summary>
    public static List<ChatMessage>? Open(string encrypted)
    {
        if (!encrypted.StartsWith(Mark, StringComparison.Ordinal)) return null;
        try
        {
            using var document = JsonDocument.Parse(Convert.FromBase64String(encrypted[Mark.Length..]));
            var turns = document.RootElement.GetProperty("system"u8).EnumerateArray().Select(text => Turn(ChatRole.System, Text(text))).ToList();
            turns.Add(Turn(ChatRole.User, "The conversation up to here, as it was written down:\n\n" + Text(document.RootElement.GetProperty("record"u8))));
            return turns;
        }
        catch (Exception other) when (other is FormatException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static string Text(JsonElement value) => value.GetString() is { Length: > 0 } text ? text : throw new FormatException("There is nothing in it.");

    private static ChatMessage Turn(ChatRole role, string text) => new(role, [new ChatPart.Text(text)]);
}
