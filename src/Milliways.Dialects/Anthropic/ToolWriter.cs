using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>Tools and the choice among them for an Anthropic upstream (dialects 4.6).</summary>
internal static class ToolWriter
{
    /// <param name="writer">Inside the body.</param>
    /// <param name="request">Whose tools.</param>
    /// <param name="jsonTool">The tool that takes the answer, after all others so that prompt caches hold; or null.</param>
    /// <param name="marks">The cache marks of the request.</param>
    /// <param name="dropped">Takes the names of what is left out.</param>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, ChatTool? jsonTool, CacheMarks marks, ICollection<string> dropped)
    {
        if (request.Tools.Count == 0 && jsonTool is null) return;
        CustomTools.NameLosses(request, dropped);
        writer.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools) WriteTool(writer, CustomTools.AsFunction(tool), marks);
        if (jsonTool is not null) WriteTool(writer, jsonTool, marks);
        writer.WriteEndArray();
        if (jsonTool is null) WriteChoice(writer, request);
        else WriteChoice(writer, request, jsonTool);
    }

    private static void WriteTool(Utf8JsonWriter writer, ChatTool tool, CacheMarks marks)
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

    /// <summary>The answer's tool must be called; beside the caller's own tools any of them may be instead (dialects 4.8).</summary>
    private static void WriteChoice(Utf8JsonWriter writer, ChatRequest request, ChatTool jsonTool)
    {
        var isAlone = request.Tools.Count == 0 || request.ToolChoice?.Mode == ToolChoiceMode.None;
        writer.WriteStartObject("tool_choice"u8);
        writer.WriteString("type"u8, isAlone ? "tool"u8 : "any"u8);
        if (isAlone) writer.WriteString("name"u8, jsonTool.Name);
        if (isAlone || request.ParallelToolCalls == false) writer.WriteBoolean("disable_parallel_tool_use"u8, true);
        writer.WriteEndObject();
    }
}
