using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>
/// A source of a text block (dialects 2.3). The source's own words and the vendor's index are not known from other dialects and stay empty, which the
/// members' types allow.
/// </summary>
internal static class Citations
{
    public static void Write(Utf8JsonWriter writer, ChatCitation citation)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "web_search_result_location"u8);
        writer.WriteString("cited_text"u8, ""u8);
        writer.WriteString("url"u8, citation.Url);
        writer.WriteString("title"u8, citation.Title);
        writer.WriteString("encrypted_index"u8, ""u8);
        writer.WriteEndObject();
    }
}
