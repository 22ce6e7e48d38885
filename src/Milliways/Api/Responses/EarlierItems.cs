using System.Text;
using System.Text.Json;
using Milliways.Stored;

namespace Milliways.Api.Responses;

/// <summary>The items of a stored conversation: for a dialect's reader, for an upstream that never saw it, and for whoever asks for them (dialects 3.7).</summary>
internal static class EarlierItems
{
    /// <summary>JSON arrays of items, oldest first, each response's input before its output.</summary>
    public static List<ReadOnlyMemory<byte>> Arrays(IReadOnlyList<StoredAnswer> turns)
    {
        var arrays = new List<ReadOnlyMemory<byte>>(turns.Count * 2);
        foreach (var turn in turns)
        {
            arrays.Add(turn.Input ?? [.. "[]"u8]);
            using var response = ResponseObject.Parse(turn.Body);
            if (response.RootElement.TryGetProperty("output", out var output) && output.ValueKind == JsonValueKind.Array)
                arrays.Add(Encoding.UTF8.GetBytes(output.GetRawText()));
        }
        return arrays;
    }

    /// <summary>
    /// One array of the whole conversation for an upstream of the same dialect that does not hold it. Ids are another server's and go; reasoning that only its
    /// maker can find by its id goes with it (dialects 3.7).
    /// </summary>
    public static byte[] ForStranger(IReadOnlyList<StoredAnswer> earlier, ReadOnlySpan<byte> input) => Write(writer =>
    {
        foreach (var array in Arrays(earlier))
            using (var items = ResponseObject.Parse(array.Span))
                foreach (var item in items.RootElement.EnumerateArray())
                    WriteForStranger(writer, item);
    }, input);

    /// <summary>The items that led to a response, each with an id, oldest first.</summary>
    public static List<(string Id, JsonElement Item)> List(IReadOnlyList<StoredAnswer> turns)
    {
        var arrays = Arrays(turns);
        if (arrays.Count > 0 && turns[^1] is var last && HasOutput(last))
            arrays.RemoveAt(arrays.Count - 1); // its own output is its answer, not its input
        var list = new List<(string, JsonElement)>();
        foreach (var array in arrays)
            using (var items = ResponseObject.Parse(array.Span))
                foreach (var item in items.RootElement.EnumerateArray())
                    if (item.ValueKind == JsonValueKind.Object)
                    {
                        var named = Named(item, $"item_{turns[^1].Id}_{list.Count}");
                        list.Add((named.GetProperty("id").GetString()!, named));
                    }
        return list;
    }

    private static bool HasOutput(StoredAnswer turn)
    {
        using var response = ResponseObject.Parse(turn.Body);
        return response.RootElement.TryGetProperty("output", out var output) && output.ValueKind == JsonValueKind.Array;
    }

    private static void WriteForStranger(Utf8JsonWriter writer, JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return;
        var isReasoning = item.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("reasoning"u8);
        if (isReasoning && !(item.TryGetProperty("encrypted_content", out var encrypted) && encrypted.ValueKind == JsonValueKind.String))
            return;
        writer.WriteStartObject();
        foreach (var member in item.EnumerateObject())
            if (isReasoning || !(member.NameEquals("id"u8) || member.NameEquals("status"u8)))
                member.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>An item as it is listed: with type and id, and its text as a part.</summary>
    private static JsonElement Named(JsonElement item, string id)
    {
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            if (!(item.TryGetProperty("id", out var own) && own.ValueKind == JsonValueKind.String))
                writer.WriteString("id"u8, id);
            if (!item.TryGetProperty("type", out _))
                writer.WriteString("type"u8, "message"u8);
            foreach (var member in item.EnumerateObject())
                if (member.NameEquals("content"u8) && member.Value.ValueKind == JsonValueKind.String)
                    WriteText(writer, item, member.Value.GetString()!);
                else if (!(member.NameEquals("id"u8) && member.Value.ValueKind == JsonValueKind.Null))
                    member.WriteTo(writer);
            writer.WriteEndObject();
        }
        using var document = JsonDocument.Parse(output.ToArray());
        return document.RootElement.Clone();
    }

    private static void WriteText(Utf8JsonWriter writer, JsonElement item, string text)
    {
        var isAnswer = item.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String && role.ValueEquals("assistant"u8);
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, isAnswer ? "output_text"u8 : "input_text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static byte[] Write(Action<Utf8JsonWriter> earlier, ReadOnlySpan<byte> input)
    {
        using var document = ResponseObject.Parse(input);
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { MaxDepth = 320, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartArray();
            earlier(writer);
            foreach (var item in document.RootElement.EnumerateArray())
                item.WriteTo(writer);
            writer.WriteEndArray();
        }
        return output.ToArray();
    }
}
