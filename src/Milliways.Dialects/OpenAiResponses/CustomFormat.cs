using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>A custom tool's grammar stands flat in this dialect and in an object of its own in Chat (dialects 1.4, 3.4).</summary>
internal static class CustomFormat
{
    public static JsonElement? ToChat(JsonElement? format)
    {
        if (format is not { } flat || flat.Text("type") != "grammar" || flat.Get("grammar").ValueKind == JsonValueKind.Object) return format;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = JsonText.Writer(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "grammar"u8);
            writer.WriteStartObject("grammar"u8);
            foreach (var member in flat.EnumerateObject())
                if (!member.NameEquals("type"u8)) member.WriteTo(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        using var document = JsonText.TryParse(buffer.WrittenSpan);
        return document?.RootElement.Clone();
    }

    public static void Write(Utf8JsonWriter writer, JsonElement format)
    {
        if (format.Get("grammar") is not { ValueKind: JsonValueKind.Object } grammar)
        {
            format.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "grammar"u8);
        foreach (var member in grammar.EnumerateObject()) member.WriteTo(writer);
        writer.WriteEndObject();
    }
}
