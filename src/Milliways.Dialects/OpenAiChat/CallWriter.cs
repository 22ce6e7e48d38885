using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>A tool call as the dialect writes it in histories, answers and chunks: of a function, or of a custom tool (dialects 1.4).</summary>
internal static class CallWriter
{
    /// <param name="writer">Inside the list of calls.</param>
    /// <param name="call">The call.</param>
    /// <param name="index">In chunks only: which call of the choice this is.</param>
    public static void Write(Utf8JsonWriter writer, ChatPart.ToolCall call, int? index = null)
    {
        writer.WriteStartObject();
        if (index is { } position) writer.WriteNumber("index"u8, position);
        writer.WriteString("id"u8, call.Id);
        writer.WriteString("type"u8, call.IsCustom ? "custom"u8 : "function"u8);
        writer.WriteStartObject(call.IsCustom ? "custom"u8 : "function"u8);
        writer.WriteString("name"u8, call.Name);
        writer.WriteString(call.IsCustom ? "input"u8 : "arguments"u8, call.Arguments);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>A piece of a call that chunks before it began.</summary>
    public static void WriteFragment(Utf8JsonWriter writer, int index, bool isCustom, string text)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, index);
        writer.WriteStartObject(isCustom ? "custom"u8 : "function"u8);
        writer.WriteString(isCustom ? "input"u8 : "arguments"u8, text);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
