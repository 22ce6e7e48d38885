using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Tools and the choice among them for a Chat upstream (dialects 4.6). Without tools none of the three members is sent.</summary>
internal static class ToolWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.Tools.Count == 0) return;
        writer.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, ToolNames.ForUpstream(tool.Name));
            if (tool.Description is { } description) writer.WriteString("description"u8, description);
            if (tool.Parameters is { } schema)
            {
                writer.WritePropertyName("parameters"u8);
                schema.WriteTo(writer);
            }

            if (tool.Strict is { } strict) writer.WriteBoolean("strict"u8, strict);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WriteChoice(writer, request.ToolChoice);
        if (request.ParallelToolCalls == false) writer.WriteBoolean("parallel_tool_calls"u8, false);
    }

    private static void WriteChoice(Utf8JsonWriter writer, ChatToolChoice? choice)
    {
        switch (choice?.Mode)
        {
            case null:
                return;
            case ToolChoiceMode.Named:
                writer.WriteStartObject("tool_choice"u8);
                writer.WriteString("type"u8, "function"u8);
                writer.WriteStartObject("function"u8);
                writer.WriteString("name"u8, ToolNames.ForUpstream(choice.Name!));
                writer.WriteEndObject();
                writer.WriteEndObject();
                return;
            default:
                writer.WriteString("tool_choice"u8, choice.Mode switch
                {
                    ToolChoiceMode.None => "none"u8,
                    ToolChoiceMode.Required => "required"u8,
                    _ => "auto"u8,
                });
                return;
        }
    }
}
