using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>
/// functionDeclarations and toolConfig (dialects 7). Schemas go whole as <c>parametersJsonSchema</c>: <c>parameters</c> is a subset of OpenAPI's.
/// </summary>
internal static class ToolWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.Tools.Count == 0) return;
        writer.WriteStartArray("tools"u8);
        writer.WriteStartObject();
        writer.WriteStartArray("functionDeclarations"u8);
        foreach (var tool in request.Tools.Select(CustomTools.AsFunction))
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, ToolNames.ForGoogle(tool.Name));
            if (tool.Description is { } description) writer.WriteString("description"u8, description);
            // An empty schema says nothing.
            if (tool.Parameters is { } schema && schema.EnumerateObject().Any())
            {
                writer.WritePropertyName("parametersJsonSchema"u8);
                schema.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (request.ToolChoice is { } choice) WriteChoice(writer, choice);
    }

    private static void WriteChoice(Utf8JsonWriter writer, ChatToolChoice choice)
    {
        writer.WriteStartObject("toolConfig"u8);
        writer.WriteStartObject("functionCallingConfig"u8);
        writer.WriteString("mode"u8, choice.Mode switch
        {
            ToolChoiceMode.None => "NONE"u8,
            ToolChoiceMode.Required or ToolChoiceMode.Named => "ANY"u8,
            _ => "AUTO"u8,
        });
        if (choice.Mode == ToolChoiceMode.Named)
        {
            writer.WriteStartArray("allowedFunctionNames"u8);
            writer.WriteStringValue(ToolNames.ForGoogle(choice.Name!));
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
