using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Tools and the choice among them for a Chat upstream (dialects 4.6). Without tools none of the three members is sent.</summary>
internal static class ToolWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request, ChatWriteOptions options, ICollection<string> dropped)
    {
        if (request.Tools.Count == 0) return;
        if (!options.CustomTools) CustomTools.NameLosses(request, dropped);
        writer.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools) WriteTool(writer, options.CustomTools ? tool : CustomTools.AsFunction(tool));

        writer.WriteEndArray();
        WriteChoice(writer, request, options);
        if (request.ParallelToolCalls == false) writer.WriteBoolean("parallel_tool_calls"u8, false);
    }

    private static void WriteTool(Utf8JsonWriter writer, ChatTool tool)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, tool.IsCustom ? "custom"u8 : "function"u8);
        writer.WriteStartObject(tool.IsCustom ? "custom"u8 : "function"u8);
        writer.WriteString("name"u8, ToolNames.ForUpstream(tool.Name));
        if (tool.Description is { } description) writer.WriteString("description"u8, description);
        if ((tool.IsCustom ? tool.Format : tool.Parameters) is { } schema)
        {
            writer.WritePropertyName(tool.IsCustom ? "format"u8 : "parameters"u8);
            schema.WriteTo(writer);
        }

        if (tool.Strict is { } strict && !tool.IsCustom) writer.WriteBoolean("strict"u8, strict);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ChatRequest request, ChatWriteOptions options)
    {
        switch (request.ToolChoice)
        {
            case null:
                return;
            case { Mode: ToolChoiceMode.Named } choice:
                var kind = options.CustomTools && request.Tools.Any(tool => tool.IsCustom && tool.Name == choice.Name) ? "custom"u8 : "function"u8;
                writer.WriteStartObject("tool_choice"u8);
                writer.WriteString("type"u8, kind);
                writer.WriteStartObject(kind);
                writer.WriteString("name"u8, ToolNames.ForUpstream(choice.Name!));
                writer.WriteEndObject();
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
