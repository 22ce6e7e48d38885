using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Support.Scripted;

/// <summary>The smallest value that follows a JSON schema of the kind that clients send.</summary>
internal static class Sample
{
    public const string Text = "Zürich";

    public static JsonNode? Of(JsonNode? schema) => Of(schema, schema, 0);

    private static JsonNode? Of(JsonNode? schema, JsonNode? root, int depth)
    {
        if (schema is not JsonObject rules || depth > 32)
            return new JsonObject();
        if (rules["$ref"]?.GetValue<string>() is { } reference)
            return Of(reference[2..].Split('/').Aggregate(root, (at, name) => at?[name]), root, depth + 1);
        if (rules["const"] is { } only)
            return only.DeepClone();
        if (rules["enum"] is JsonArray { Count: > 0 } names)
            return names[0]?.DeepClone();
        if ((rules["anyOf"] ?? rules["oneOf"]) is JsonArray { Count: > 0 } either)
            return Of(either[0], root, depth + 1);
        var type = rules["type"] is JsonArray several ? several[0]?.GetValue<string>() : rules["type"]?.GetValue<string>();
        return type?.ToLowerInvariant() switch
        {
            "string" => Text,
            "integer" => 42,
            "number" => 42.5,
            "boolean" => true,
            "null" => null,
            "array" => new JsonArray(Of(rules["items"], root, depth + 1)),
            _ => new JsonObject((rules["properties"] as JsonObject ?? []).Select(member => KeyValuePair.Create(member.Key, Of(member.Value, root, depth + 1)))),
        };
    }
}
