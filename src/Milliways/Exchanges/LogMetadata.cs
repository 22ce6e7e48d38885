using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Milliways.Exchanges;

/// <summary>
/// What a caller wants to find its log entries by (<c>cf-aig-metadata</c>): up to five names with texts, numbers or truth values (cloudflare-ai-gateway 3.12).
/// </summary>
internal sealed class LogMetadata
{
    /// <summary>The most entries; further ones are left out.</summary>
    public const int Most = 5;

    private LogMetadata(string json, IReadOnlyList<(string Name, string Value)> entries) => (Json, Entries) = (json, entries);

    /// <summary>The entries that are kept, as one JSON object.</summary>
    public string Json { get; }

    /// <summary>Values as text: a text without quotes, a number as it was written, <c>true</c> or <c>false</c>.</summary>
    public IReadOnlyList<(string Name, string Value)> Entries { get; }

    /// <summary>
    /// Names that begin with <c>cf.</c> are reserved and left out, what stands behind the fifth entry too. Null when the text is no JSON object or holds a
    /// value that is null or nested: then all of it is dropped, and the request is served all the same.
    /// </summary>
    public static LogMetadata? Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement) : null;
        }
        catch (Exception none) when (none is JsonException or InvalidOperationException) // half a surrogate pair is no text
        {
            return null;
        }
    }

    private static LogMetadata? Read(JsonElement root)
    {
        var entries = new List<(string Name, string Value)>(Most);
        var json = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(json);
        writer.WriteStartObject();
        foreach (var member in root.EnumerateObject())
        {
            if (member.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False))
                return null;
            if (entries.Count == Most || member.Name.StartsWith("cf.", StringComparison.Ordinal) || entries.Exists(entry => entry.Name == member.Name))
                continue;
            entries.Add((member.Name, member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText()));
            member.WriteTo(writer);
        }
        writer.WriteEndObject();
        writer.Flush();
        return entries.Count == 0 ? null : new LogMetadata(Encoding.UTF8.GetString(json.WrittenSpan), entries);
    }
}
