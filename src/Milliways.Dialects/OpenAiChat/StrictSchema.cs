using System.Text.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Whether OpenAI's strict mode takes a schema: every object is closed and requires all its properties (dialects 4.8).</summary>
internal static class StrictSchema
{
    public static bool IsStrict(JsonElement schema)
    {
        switch (schema.ValueKind)
        {
            case JsonValueKind.Array:
                return schema.EnumerateArray().All(IsStrict);
            case JsonValueKind.Object:
                if (schema.TryGetProperty("properties"u8, out var properties) && properties.ValueKind == JsonValueKind.Object && !IsClosed(schema, properties)) return false;
                foreach (var member in schema.EnumerateObject())
                    if (!IsStrict(member.Value)) return false;
                return true;
            default:
                return true;
        }
    }

    private static bool IsClosed(JsonElement schema, JsonElement properties)
    {
        if (!schema.TryGetProperty("additionalProperties"u8, out var more) || more.ValueKind != JsonValueKind.False) return false;
        var required = new HashSet<string>(StringComparer.Ordinal);
        if (schema.TryGetProperty("required"u8, out var names) && names.ValueKind == JsonValueKind.Array)
            foreach (var name in names.EnumerateArray())
                if (name.ValueKind == JsonValueKind.String) required.Add(name.GetString()!);
        return properties.EnumerateObject().All(property => required.Contains(property.Name));
    }
}
