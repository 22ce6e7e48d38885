using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>A user's and a tool's parts for a Responses upstream (dialects 3.3, 4.5 "Images, audio, files").</summary>
internal static class PartWriter
{
    public static Failure? Write(Utf8JsonWriter writer, ChatPart part)
    {
        switch (part)
        {
            case ChatPart.Text or ChatPart.Refusal or ChatPart.Document { MediaType: "text/plain", Data: not null }:
                Text(writer, Plain(part));
                return null;
            case ChatPart.Image image:
                Begin(writer, "input_image"u8);
                writer.WriteString("image_url"u8, image.Data is null ? image.Url : $"data:{image.MediaType ?? DataUri.Sniffed(image.Data) ?? "image/png"};base64,{image.Data}");
                writer.WriteString("detail"u8, image.Detail ?? "auto");
                writer.WriteEndObject();
                return null;
            case ChatPart.Document { Data: { } data } document:
                Begin(writer, "input_file"u8);
                writer.WriteString("filename"u8, document.Title ?? "document.pdf");
                writer.WriteString("file_data"u8, $"data:{document.MediaType ?? "application/pdf"};base64,{data}");
                writer.WriteEndObject();
                return null;
            case ChatPart.Document { Url: { } url }:
                Begin(writer, "input_file"u8);
                writer.WriteString("file_url"u8, url);
                writer.WriteEndObject();
                return null;
            case ChatPart.Document:
                return Failure.Unsupported("A file id of one provider means nothing to another: send the file itself.", "messages");
            default:
                return Failure.Unsupported("A user message takes text, images and documents only.", "messages");
        }
    }

    public static void Text(Utf8JsonWriter writer, string text)
    {
        Begin(writer, "input_text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }

    /// <summary>A part that is text; a document's title stands on its first line.</summary>
    public static string Plain(ChatPart part) => part switch
    {
        ChatPart.Text text => text.Value,
        ChatPart.Refusal refusal => refusal.Value,
        ChatPart.Document document => OpenAiChat.PartWriter.Plain(document),
        _ => "",
    };

    private static void Begin(Utf8JsonWriter writer, ReadOnlySpan<byte> type)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
    }
}
