using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>Tools and the choice among them for a Responses upstream (dialects 3.4, 4.6). Without tools none of the three members is sent.</summary>
internal static class ToolWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.Tools.Count == 0) return;
        writer.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools) WriteTool(writer, tool);
        writer.WriteEndArray();
        WriteChoice(writer, request);
        if (request.ParallelToolCalls == false) writer.WriteBoolean("parallel_tool_calls"u8, false);
    }

    private static void WriteTool(Utf8JsonWriter writer, ChatTool tool)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, tool.IsCustom ? "custom"u8 : "function"u8);
        writer.WriteString("name"u8, ToolNames.ForUpstream(tool.Name));
        if (tool.Description is { } description) writer.WriteString("description"u8, description);
        if (tool.IsCustom)
        {
            if (tool.Format is { } format)
            {
                writer.WritePropertyName("format"u8);
                CustomFormat.Write(writer, format);
            }
        }
        else
        {
            writer.WritePropertyName("parameters"u8);
            if (tool.Parameters is { } schema) schema.WriteTo(writer);
            else WriteNoParameters(writer);
            // Absent means true here: what the caller did not ask for is refused by name (dialects 3.4).
            writer.WriteBoolean("strict"u8, tool.Strict ?? false);
        }

        writer.WriteEndObject();
    }

    private static void WriteNoParameters(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "object"u8);
        writer.WriteStartObject("properties"u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ChatRequest request)
    {
        switch (request.ToolChoice)
        {
            case null:
                return;
            case { Mode: ToolChoiceMode.Named } choice:
                writer.WriteStartObject("tool_choice"u8);
                writer.WriteString("type"u8, request.Tools.Any(tool => tool.IsCustom && tool.Name == choice.Name) ? "custom"u8 : "function"u8);
                writer.WriteString("name"u8, ToolNames.ForUpstream(choice.Name!));
                writer.WriteEndObject();
                return;
            case var choice:
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
