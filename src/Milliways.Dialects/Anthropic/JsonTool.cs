using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>
/// A JSON schema for models that have no structured output, and recursive ones for all (dialects 4.8): a tool under a reserved name whose input is the
/// answer. Its call is read back as the answer's text, so that nobody outside hears of it.
/// </summary>
internal static class JsonTool
{
    /// <summary>The input is the answer.</summary>
    public const string Name = "milliways_json_answer";

    /// <summary>The input's <c>value</c> is the answer: for schemas that describe no object, which an input must be.</summary>
    public const string WrappedName = "milliways_json_value";

    private const string Description = "Gives the answer. Call this tool once, with the whole answer as its input.";

    public static bool Is(string name) => name is Name or WrappedName;

    /// <summary>The tool, or null when the request asks for no schema, the model takes it natively, or the caller forces a tool of its own.</summary>
    public static ChatTool? For(ChatRequest request, MessagesWriteOptions options)
    {
        if (request.ResponseFormat is not { Kind: ResponseFormatKind.JsonSchema, Schema: { } schema } format) return null;
        if (options.StructuredOutput && !SchemaReferences.IsRecursive(schema)) return null;
        if (request.Tools.Count > 0 && request.ToolChoice?.Mode is ToolChoiceMode.Required or ToolChoiceMode.Named) return null;
        var description = format.Description is { Length: > 0 } text ? Description + " " + text : Description;
        return IsObject(schema) ? new ChatTool(Name, description, schema) : new ChatTool(WrappedName, description, Wrapped(schema));
    }

    /// <summary>Why it cannot be had: the caller's own tool has the name, or what refers to the whole schema would come to mean its wrapping.</summary>
    public static Failure? Refused(ChatRequest request, ChatTool tool)
    {
        if (request.Tools.Any(other => Is(other.Name)))
            return Failure.Invalid($"The tool name '{tool.Name}' is reserved: rename the tool.", "tools");
        return tool.Name == WrappedName && SchemaReferences.Targets(request.ResponseFormat!.Schema!.Value).Contains("#")
            ? Failure.Unsupported("A schema that refers to itself as a whole must be of type object for the model.", "response_format") : null;
    }

    /// <summary>The answer out of a wrapped input, as far as it came.</summary>
    public static string Unwrapped(string input)
    {
        if (JsonText.TryParse(input) is { ValueKind: JsonValueKind.Object } whole)
            return whole.TryGetProperty("value"u8, out var value) ? JsonText.Compact(value) : input;
        // The answer was cut off: what there is of it.
        var colon = input.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? "" : input[(colon + 1)..].TrimStart();
    }

    private static bool IsObject(JsonElement schema) => schema.Text("type") == "object";

    private static JsonElement Wrapped(JsonElement schema)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = JsonText.Writer(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "object"u8);
            writer.WriteStartObject("properties"u8);
            writer.WriteStartObject("value"u8);
            Members(isDefinition: false);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteStartArray("required"u8);
            writer.WriteStringValue("value"u8);
            writer.WriteEndArray();
            writer.WriteBoolean("additionalProperties"u8, false);
            // References count from the root.
            Members(isDefinition: true);
            writer.WriteEndObject();

            void Members(bool isDefinition)
            {
                if (schema.ValueKind != JsonValueKind.Object) return;
                foreach (var member in schema.EnumerateObject())
                    if ((member.Name is "$defs" or "definitions") == isDefinition) member.WriteTo(writer);
            }
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }
}
