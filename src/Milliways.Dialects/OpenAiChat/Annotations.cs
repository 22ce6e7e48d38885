using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Sources of an answer: <c>annotations</c> of a message or, an extension, of a delta (dialects 1.5, 4.12.2), and xAI's list of addresses.</summary>
internal static class Annotations
{
    /// <summary>The <c>url_citation</c>s of a message or delta; other kinds have no neutral meaning and are skipped.</summary>
    public static IEnumerable<ChatCitation> Read(JsonElement holder)
    {
        foreach (var item in holder.Items("annotations"))
        {
            if (item.Text("type") is not (null or "url_citation")) continue;
            var citation = item.Get("url_citation") is { ValueKind: JsonValueKind.Object } nested ? nested : item;
            if (citation.Text("url") is { Length: > 0 } url)
                yield return new ChatCitation(url, citation.Text("title"), citation.Index("start_index"), citation.Index("end_index"));
        }
    }

    /// <summary>The top-level <c>citations</c> of an answer or chunk: addresses, or objects with one (xai-api 1.3.5).</summary>
    public static IEnumerable<ChatCitation> ReadList(JsonElement answer)
    {
        foreach (var item in answer.Items("citations"))
        {
            if (item.ValueKind == JsonValueKind.String) yield return new ChatCitation(JsonText.Of(item));
            else if (item.Text("url") is { Length: > 0 } url) yield return new ChatCitation(url, item.Text("title"));
        }
    }

    public static void Write(Utf8JsonWriter writer, IEnumerable<ChatCitation> citations)
    {
        writer.WriteStartArray("annotations"u8);
        foreach (var citation in citations)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "url_citation"u8);
            writer.WriteStartObject("url_citation"u8);
            writer.WriteString("url"u8, citation.Url);
            if (citation.Title is { } title) writer.WriteString("title"u8, title);
            if (citation.StartIndex is { } start) writer.WriteNumber("start_index"u8, start);
            if (citation.EndIndex is { } end) writer.WriteNumber("end_index"u8, end);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>xAI's way: each address once, without places and titles.</summary>
    public static void WriteList(Utf8JsonWriter writer, IEnumerable<ChatCitation> citations)
    {
        writer.WriteStartArray("citations"u8);
        foreach (var url in citations.Select(citation => citation.Url).Distinct()) writer.WriteStringValue(url);
        writer.WriteEndArray();
    }
}
