using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Chat;

/// <summary>Arguments of a tool call as an object, whatever text a model made of them (dialects 4.6, "Arguments").</summary>
internal static class ToolArguments
{
    /// <summary>False when the text is no object and cannot be read as one; it is then written under <c>_raw</c>.</summary>
    public static bool WriteObject(Utf8JsonWriter writer, string arguments)
    {
        if (AsObject(arguments) is { } value)
        {
            value.WriteTo(writer);
            return true;
        }

        writer.WriteStartObject();
        if (!string.IsNullOrWhiteSpace(arguments) && arguments.Trim() != "null") writer.WriteString("_raw"u8, arguments);
        writer.WriteEndObject();
        return string.IsNullOrWhiteSpace(arguments) || arguments.Trim() == "null";
    }

    public static bool IsObject(string arguments) =>
        string.IsNullOrWhiteSpace(arguments) || arguments.Trim() == "null" || AsObject(arguments) is not null;

    private static JsonElement? AsObject(string arguments)
    {
        var value = JsonText.TryParse(arguments);
        // A string that holds an object is a client's double encoding.
        if (value is { ValueKind: JsonValueKind.String } text) value = JsonText.TryParse(JsonText.Of(text));
        return value is { ValueKind: JsonValueKind.Object } ? value : null;
    }
}
