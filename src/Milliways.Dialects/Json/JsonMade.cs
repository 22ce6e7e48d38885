using System.Buffers;
using System.Text.Json;

namespace Milliways.Dialects.Json;

/// <summary>JSON values of our own making, for what the neutral model keeps as JSON.</summary>
internal static class JsonMade
{
    public static JsonElement Of(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = JsonText.Writer(buffer)) write(writer);
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    public static JsonElement Text(string text) => Of(writer => writer.WriteStringValue(text));

    public static JsonElement Number(long number) => Of(writer => writer.WriteNumberValue(number));

    public static JsonElement Numbers(IEnumerable<int> numbers) => Of(writer =>
    {
        writer.WriteStartArray();
        foreach (var number in numbers) writer.WriteNumberValue(number);
        writer.WriteEndArray();
    });

    /// <summary>A member that is a list of texts; nothing when there is none.</summary>
    public static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyCollection<string> texts)
    {
        if (texts.Count == 0) return;
        writer.WriteStartArray(name);
        foreach (var text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}
