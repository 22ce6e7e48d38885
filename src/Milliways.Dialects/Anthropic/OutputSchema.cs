using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>
/// A JSON schema as structured output takes it (dialects 2.6, 4.8): objects are closed, references stand for what they point to, and bounds, which are
/// refused there, are told in the description instead. Not for recursive schemas.
/// </summary>
internal static class OutputSchema
{
    private static readonly string[] Refused =
        ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems", "minItems"];

    private static readonly string[] Maps = ["properties", "patternProperties"];

    private static readonly string[] Schemas = ["items", "not", "anyOf", "allOf", "oneOf", "prefixItems"];

    public static void Write(Utf8JsonWriter writer, JsonElement schema) => Write(writer, schema, schema);

    private static void Write(Utf8JsonWriter writer, JsonElement schema, JsonElement root)
    {
        if (schema.ValueKind == JsonValueKind.Array)
        {
            writer.WriteStartArray();
            foreach (var item in schema.EnumerateArray()) Write(writer, item, root);
            writer.WriteEndArray();
            return;
        }

        if (schema.ValueKind != JsonValueKind.Object)
        {
            schema.WriteTo(writer);
            return;
        }

        var notes = new List<string>();
        var description = schema.Text("description");
        while (schema.Text("$ref") is { } reference && SchemaReferences.Resolve(root, reference) is { ValueKind: JsonValueKind.Object } target)
        {
            // A reference outranks what stands beside it, save for a description.
            schema = target;
            description ??= target.Text("description");
        }

        writer.WriteStartObject();
        foreach (var member in schema.EnumerateObject())
        {
            if (Refused.Contains(member.Name) && !(member.Name == "minItems" && member.Value.GetRawText() is "0" or "1"))
            {
                notes.Add(member.Name + ": " + member.Value.GetRawText());
            }
            else if (!IsLeftOut(member, schema))
            {
                WriteMember(writer, member, root);
            }
        }

        if (IsObject(schema)) writer.WriteBoolean("additionalProperties"u8, false);
        if (notes.Count > 0) description = (description is null ? "" : description + " ") + "(" + string.Join(", ", notes) + ")";
        if (description is not null) writer.WriteString("description"u8, description);
        writer.WriteEndObject();
    }

    /// <summary>What is written at the end, and definitions, which stand where they are referred to.</summary>
    private static bool IsLeftOut(JsonProperty member, JsonElement schema) => member.Name switch
    {
        "description" => member.Value.ValueKind == JsonValueKind.String,
        "additionalProperties" => IsObject(schema),
        "$defs" or "definitions" => true,
        _ => false,
    };

    private static void WriteMember(Utf8JsonWriter writer, JsonProperty member, JsonElement root)
    {
        writer.WritePropertyName(member.Name);
        if (Schemas.Contains(member.Name))
        {
            Write(writer, member.Value, root);
        }
        else if (Maps.Contains(member.Name) && member.Value.ValueKind == JsonValueKind.Object)
        {
            // Names in here are the author's, not keywords.
            writer.WriteStartObject();
            foreach (var entry in member.Value.EnumerateObject())
            {
                writer.WritePropertyName(entry.Name);
                Write(writer, entry.Value, root);
            }

            writer.WriteEndObject();
        }
        else
        {
            member.Value.WriteTo(writer);
        }
    }

    private static bool IsObject(JsonElement schema) =>
        schema.TryGetProperty("properties"u8, out _)
        || (schema.TryGetProperty("type"u8, out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("object"u8));
}
