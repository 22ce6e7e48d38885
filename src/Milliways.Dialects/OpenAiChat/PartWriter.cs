using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>User parts for a Chat upstream (dialects 4.5, "Images, audio, files"). Cache marks stay behind: strict servers refuse them.</summary>
internal static class PartWriter
{
    public static Failure? Write(Utf8JsonWriter writer, ChatPart part)
    {
        switch (part)
        {
            case ChatPart.Text text:
                Text(writer, text.Value);
                return null;
            case ChatPart.Refusal refusal:
                Text(writer, refusal.Value);
                return null;
            case ChatPart.Image image:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "image_url"u8);
                writer.WriteStartObject("image_url"u8);
                writer.WriteString("url"u8, image.Data is null ? image.Url : $"data:{image.MediaType ?? DataUri.Sniffed(image.Data) ?? "image/png"};base64,{image.Data}");
                if (image.Detail is { } detail) writer.WriteString("detail"u8, detail);
                writer.WriteEndObject();
                writer.WriteEndObject();
                return null;
            case ChatPart.Document { MediaType: "text/plain", Data: not null } document:
                Text(writer, Plain(document));
                return null;
            case ChatPart.Document { Data: { } data } document:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "file"u8);
                writer.WriteStartObject("file"u8);
                writer.WriteString("filename"u8, document.Title ?? "document.pdf");
                writer.WriteString("file_data"u8, $"data:{document.MediaType ?? "application/pdf"};base64,{data}");
                writer.WriteEndObject();
                writer.WriteEndObject();
                return null;
            case ChatPart.Document { FileId: not null }:
                return Failure.Unsupported("A file id of one provider means nothing to another: send the file itself.", "messages");
            case ChatPart.Document:
                return Failure.Unsupported("Documents by address are not supported by the upstream that serves this model: send the file itself.", "messages");
            default:
                return Failure.Unsupported("A user message takes text, images and documents only.", "messages");
        }
    }

    /// <summary>A text document as text, its title on the first line.</summary>
    public static string Plain(ChatPart.Document document) => document.Title is { Length: > 0 } title ? title + "\n" + document.Data : document.Data ?? "";

    private static void Text(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }
}
