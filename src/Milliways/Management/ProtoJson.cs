using System.Globalization;
using System.Text.Json;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>
/// JSON as proto3 maps it (xai-api 2): camelCase names, which may also come as they stand in the proto file; 64-bit numbers as text; times in RFC 3339;
/// null is as good as absent. What is wrong names the field.
/// </summary>
internal static class ProtoJson
{
    /// <summary>The member under its JSON name or its proto name; null when it is absent or null.</summary>
    public static JsonElement? Member(JsonElement body, string camel, string? snake = null)
    {
        if (body.TryGetProperty(camel, out var value) || (snake is not null && body.TryGetProperty(snake, out value)))
            return value.ValueKind == JsonValueKind.Null ? null : value;
        return null;
    }

    public static string? Text(JsonElement body, string camel, string? snake = null) => Member(body, camel, snake) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Wrong(camel, "a text");

    public static bool? Flag(JsonElement body, string camel) => Member(body, camel) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(camel, "true or false");

    /// <summary>A whole number, as a number or as text.</summary>
    public static long? Number(JsonElement body, string camel)
    {
        if (Member(body, camel) is not { } value)
            return null;
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.ValueKind == JsonValueKind.Number ? value.GetRawText() : "";
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong(camel, "a whole number");
    }

    public static DateTimeOffset? Time(JsonElement body, string camel, string? snake = null) => Text(body, camel, snake) is not { Length: > 0 } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : throw Wrong(camel, "a time such as 2026-01-31T12:00:00Z");

    public static IReadOnlyList<string>? Texts(JsonElement body, string camel, string? snake = null) => Member(body, camel, snake) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) ? [.. value.EnumerateArray().Select(item => item.GetString()!)]
        : throw Wrong(camel, "a list of texts");

    public static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset? time)
    {
        if (time is { } given)
            writer.WriteString(name, given.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }

    public static void WriteTexts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    public static CommandException Wrong(string field, string wanted) => new(CommandProblem.Invalid, $"{field} must be {wanted}.");
}
