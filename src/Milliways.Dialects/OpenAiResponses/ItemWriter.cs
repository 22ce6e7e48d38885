using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>Items and parts of an answer as JSON (dialects 3.3, 3.5).</summary>
internal static class ItemWriter
{
    /// <summary>An item that has just begun: nothing in it yet.</summary>
    public static void WriteBegun(Utf8JsonWriter writer, OutputItem item)
    {
        Begin(writer, item, "in_progress"u8);
        switch (item.Kind)
        {
            case ItemKind.Message:
                writer.WriteString("role"u8, "assistant"u8);
                Empty(writer, "content"u8);
                break;
            case ItemKind.Reasoning:
                Empty(writer, "summary"u8);
                break;
            default:
                WriteCall(writer, item, "");
                break;
        }

        writer.WriteEndObject();
    }

    /// <summary>The item with all that it has.</summary>
    public static void Write(Utf8JsonWriter writer, OutputItem item)
    {
        Begin(writer, item, item.IsIncomplete || !item.IsClosed ? "incomplete"u8 : "completed"u8);
        switch (item.Kind)
        {
            case ItemKind.Message:
                writer.WriteString("role"u8, "assistant"u8);
                writer.WriteStartArray("content"u8);
                foreach (var part in item.Parts) WritePart(writer, part);
                writer.WriteEndArray();
                break;
            case ItemKind.Reasoning:
                writer.WriteStartArray("summary"u8);
                if (item.Value.Length > 0) WriteSummary(writer, item.Value.ToString());
                writer.WriteEndArray();
                if (item.Encrypted is { } encrypted) writer.WriteString("encrypted_content"u8, encrypted);
                break;
            default:
                WriteCall(writer, item, item.Text);
                break;
        }

        writer.WriteEndObject();
    }

    public static void WriteSummary(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "summary_text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }

    /// <summary>Annotations and logprobs are never missing (RSP-09).</summary>
    public static void WritePart(Utf8JsonWriter writer, OutputPart part, bool isBegun = false)
    {
        writer.WriteStartObject();
        var text = isBegun ? "" : part.Value.ToString();
        if (part.IsRefusal)
        {
            writer.WriteString("type"u8, "refusal"u8);
            writer.WriteString("refusal"u8, text);
        }
        else
        {
            writer.WriteString("type"u8, "output_text"u8);
            writer.WriteString("text"u8, text);
            writer.WriteStartArray("annotations"u8);
            if (!isBegun)
                foreach (var citation in part.Citations) WriteCitation(writer, part, citation);
            writer.WriteEndArray();
            WriteLogprobs(writer, isBegun ? [] : part.Logprobs);
        }

        writer.WriteEndObject();
    }

    /// <summary>A place that nobody told is an empty one; a title that nobody told is the address: clients need both.</summary>
    public static void WriteCitation(Utf8JsonWriter writer, OutputPart part, ChatCitation citation)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "url_citation"u8);
        writer.WriteString("url"u8, citation.Url);
        writer.WriteString("title"u8, citation.Title ?? citation.Url);
        var start = Math.Max(0, (citation.StartIndex ?? part.Start) - part.Start);
        writer.WriteNumber("start_index"u8, start);
        writer.WriteNumber("end_index"u8, Math.Max(start, (citation.EndIndex ?? part.Start) - part.Start));
        writer.WriteEndObject();
    }

    public static void WriteLogprobs(Utf8JsonWriter writer, IReadOnlyList<TokenLogprob> tokens)
    {
        writer.WriteStartArray("logprobs"u8);
        foreach (var token in tokens)
        {
            BeginToken(writer, token);
            writer.WriteStartArray("top_logprobs"u8);
            foreach (var likely in token.Top)
            {
                BeginToken(writer, likely);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void BeginToken(Utf8JsonWriter writer, TokenLogprob token)
    {
        writer.WriteStartObject();
        writer.WriteString("token"u8, token.Token);
        writer.WriteNumber("logprob"u8, token.Logprob);
        writer.WriteStartArray("bytes"u8);
        foreach (var value in token.Bytes ?? []) writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }

    private static void Begin(Utf8JsonWriter writer, OutputItem item, ReadOnlySpan<byte> status)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, item.Id);
        writer.WriteString("type"u8, item.Kind switch
        {
            ItemKind.Message => "message"u8,
            ItemKind.Reasoning => "reasoning"u8,
            ItemKind.Call => "function_call"u8,
            _ => "custom_tool_call"u8,
        });
        writer.WriteString("status"u8, status);
    }

    private static void WriteCall(Utf8JsonWriter writer, OutputItem item, string text)
    {
        writer.WriteString("call_id"u8, item.CallId);
        writer.WriteString("name"u8, item.Name);
        if (item.Space is { } space) writer.WriteString("namespace"u8, space);
        writer.WriteString(item.Kind == ItemKind.Call ? "arguments"u8 : "input"u8, text);
    }

    private static void Empty(Utf8JsonWriter writer, ReadOnlySpan<byte> name)
    {
        writer.WriteStartArray(name);
        writer.WriteEndArray();
    }
}
