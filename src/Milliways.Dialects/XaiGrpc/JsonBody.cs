using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Makes REST's JSON of a message.</summary>
internal static class JsonBody
{
    public static byte[] Of(Action<Utf8JsonWriter> members)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using (var writer = JsonText.Writer(output))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Leaves out what protobuf has no other word for than the empty text.</summary>
    public static void Text(Utf8JsonWriter writer, string name, string value)
    {
        if (value.Length > 0) writer.WriteString(name, value);
    }

    /// <summary>As many digits as the 32 bits of the message have.</summary>
    public static void Number(Utf8JsonWriter writer, string name, bool isSet, float value)
    {
        if (isSet) writer.WriteNumber(name, value);
    }

    public static void Whole(Utf8JsonWriter writer, string name, bool isSet, int value)
    {
        if (isSet) writer.WriteNumber(name, value);
    }

    /// <summary>A text of an answer; empty when it is absent or something else.</summary>
    public static string Text(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    public static long? Whole(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var whole) ? whole : null;
}
