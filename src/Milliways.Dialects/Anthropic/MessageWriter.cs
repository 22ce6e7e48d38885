using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>System blocks and messages for an Anthropic upstream (dialects 2.3, 4.4, 4.5).</summary>
internal static class MessageWriter
{
    private static readonly string[] ImageTypes = ["image/jpeg", "image/png", "image/gif", "image/webp"];

    public static Failure? Write(Utf8JsonWriter writer, Conversation conversation, CacheMarks marks)
    {
        if (conversation.System.Count > 0)
        {
            // A block for each turn, not joined: that keeps the cache marks.
            writer.WriteStartArray("system"u8);
            foreach (var text in conversation.System)
                if (WriteBlock(writer, text, marks) is { } failure) return failure;
            writer.WriteEndArray();
        }

        writer.WriteStartArray("messages"u8);
        foreach (var turn in conversation.Turns)
        {
            writer.WriteStartObject();
            writer.WriteString("role"u8, turn.Role switch
            {
                ChatRole.Assistant => "assistant"u8,
                ChatRole.System => "system"u8,
                _ => "user"u8,
            });
            if (turn.Parts is [ChatPart.Text { CacheControl: null } only])
            {
                writer.WriteString("content"u8, only.Value);
            }
            else
            {
                writer.WriteStartArray("content"u8);
                foreach (var part in turn.Parts)
                    if (WriteBlock(writer, part, marks) is { } failure) return failure;
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        return null;
    }

    private static Failure? WriteBlock(Utf8JsonWriter writer, ChatPart part, CacheMarks? marks)
    {
        writer.WriteStartObject();
        Failure? failure = null;
        switch (part)
        {
            case ChatPart.Text text:
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("text"u8, text.Value);
                break;
            case ChatPart.Image image:
                failure = WriteImage(writer, image);
                break;
            case ChatPart.Document document:
                failure = WriteDocument(writer, document);
                break;
            case ChatPart.ToolCall call:
                writer.WriteString("type"u8, "tool_use"u8);
                writer.WriteString("id"u8, ToolCallIds.ForAnthropic(ToolCallIds.Bare(call.Id)));
                writer.WriteString("name"u8, ToolNames.ForUpstream(call.Name));
                writer.WritePropertyName("input"u8);
                ToolArguments.WriteObject(writer, CustomTools.AsFunction(call).Arguments);
                break;
            case ChatPart.ToolResult result:
                failure = WriteResult(writer, result);
                break;
            case ChatPart.Thinking thinking:
                writer.WriteString("type"u8, "thinking"u8);
                writer.WriteString("thinking"u8, thinking.Value);
                writer.WriteString("signature"u8, thinking.Signature);
                break;
            case ChatPart.RedactedThinking redacted:
                writer.WriteString("type"u8, "redacted_thinking"u8);
                writer.WriteString("data"u8, redacted.Data);
                break;
        }

        if (CacheMarks.MayCarry(part)) marks?.Write(writer, part.CacheControl);
        writer.WriteEndObject();
        return failure;
    }

    private static Failure? WriteResult(Utf8JsonWriter writer, ChatPart.ToolResult result)
    {
        writer.WriteString("type"u8, "tool_result"u8);
        writer.WriteString("tool_use_id"u8, ToolCallIds.ForAnthropic(ToolCallIds.Bare(result.CallId)));
        // An empty result stays an answer, but never an empty block (RES-06).
        var parts = result.Content.Where(part => part is not ChatPart.Text { Value: var text } || !string.IsNullOrWhiteSpace(text)).ToList();
        if (parts is [ChatPart.Text only])
        {
            writer.WriteString("content"u8, only.Value);
        }
        else if (parts.Count > 0)
        {
            writer.WriteStartArray("content"u8);
            foreach (var part in parts)
                if (WriteBlock(writer, part, marks: null) is { } failure) return failure;
            writer.WriteEndArray();
        }

        if (result.IsError) writer.WriteBoolean("is_error"u8, true);
        return null;
    }

    private static Failure? WriteImage(Utf8JsonWriter writer, ChatPart.Image image)
    {
        var (data, type) = (image.Data, image.MediaType);
        if (data is null && image.Url is { } url && DataUri.Is(url) && !DataUri.TryParse(url, out type, out data!))
            return image.Wrong("the image's data URI is not valid base64.");
        writer.WriteString("type"u8, "image"u8);
        writer.WriteStartObject("source"u8);
        if (data is null)
        {
            writer.WriteString("type"u8, "url"u8);
            writer.WriteString("url"u8, image.Url);
        }
        else
        {
            type = DataUri.MediaType(type) ?? DataUri.Sniffed(data);
            if (type is null || !ImageTypes.Contains(type))
                return image.Wrong($"images of type '{type ?? "unknown"}' are not supported; send jpeg, png, gif or webp.");
            writer.WriteString("type"u8, "base64"u8);
            writer.WriteString("media_type"u8, type);
            writer.WriteString("data"u8, data);
        }

        writer.WriteEndObject();
        return null;
    }

    private static Failure? WriteDocument(Utf8JsonWriter writer, ChatPart.Document document)
    {
        if (document.FileId is not null)
            return Failure.Unsupported("A file id of one provider means nothing to another: send the file itself.", "messages");
        writer.WriteString("type"u8, "document"u8);
        writer.WriteStartObject("source"u8);
        switch (document)
        {
            case { Url: { } url }:
                writer.WriteString("type"u8, "url"u8);
                writer.WriteString("url"u8, url);
                break;
            case { MediaType: "text/plain" }:
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("media_type"u8, "text/plain"u8);
                writer.WriteString("data"u8, document.Data ?? "");
                break;
            case { MediaType: "application/pdf", Data: { } data }:
                writer.WriteString("type"u8, "base64"u8);
                writer.WriteString("media_type"u8, "application/pdf"u8);
                writer.WriteString("data"u8, data);
                break;
            default:
                return Failure.Unsupported($"Documents of type '{document.MediaType ?? "unknown"}' are not supported; send a PDF or text.", "messages");
        }

        writer.WriteEndObject();
        if (document.Title is { } title) writer.WriteString("title"u8, title);
        return null;
    }
}
