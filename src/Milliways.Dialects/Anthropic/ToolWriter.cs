using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>Tools and the choice among them for an Anthropic upstream (dialects 4.6).</summary>
internal static class ToolWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request, CacheMarks marks)
    {
        if (request.Tools.Count == 0) return;
        writer.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, ToolNames.ForUpstream(tool.Name));
            if (tool.Description is { } description) writer.WriteString("description"u8, description);
            writer.WritePropertyName("input_schema"u8);
            WriteSchema(writer, tool.Parameters);
            if (tool.Strict == true) writer.WriteBoolean("strict"u8, true);
            marks.Write(writer, tool.CacheControl);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WriteChoice(writer, request);
    }

    /// <summary>The schema whole; only a missing type is filled in, because it is refused there.</summary>
    private static void WriteSchema(Utf8JsonWriter writer, JsonElement? schema)
    {
        if (schema is { } given && given.TryGetProperty("type"u8, out _))
        {
            given.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "object"u8);
        var hasProperties = false;
        if (schema is { } partial)
        {
            foreach (var member in partial.EnumerateObject())
            {
                hasProperties |= member.NameEquals("properties"u8);
                member.WriteTo(writer);
            }
        }

        if (!hasProperties)
        {
            writer.WriteStartObject("properties"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ChatRequest request)
    {
        var isSingle = request.ParallelToolCalls == false;
        if (request.ToolChoice is null && !isSingle) return;
        var mode = request.ToolChoice?.Mode ?? ToolChoiceMode.Auto;
        writer.WriteStartObject("tool_choice"u8);
        writer.WriteString("type"u8, mode switch
        {
            ToolChoiceMode.None => "none"u8,
            ToolChoiceMode.Required => "any"u8,
            ToolChoiceMode.Named => "tool"u8,
            _ => "auto"u8,
        });
        if (mode == ToolChoiceMode.Named) writer.WriteString("name"u8, ToolNames.ForUpstream(request.ToolChoice!.Name!));
        if (isSingle && mode != ToolChoiceMode.None) writer.WriteBoolean("disable_parallel_tool_use"u8, true);
        writer.WriteEndObject();
    }
}
