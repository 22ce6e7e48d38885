using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Gemini;

/// <summary>Parts of contents (dialects 7, "part").</summary>
internal static class PartWriter
{
    public static void Text(Utf8JsonWriter writer, string text, string? signature = null, bool isThought = false)
    {
        writer.WriteStartObject();
        writer.WriteString("text"u8, text);
        if (isThought) writer.WriteBoolean("thought"u8, true);
        Sign(writer, signature);
        writer.WriteEndObject();
    }

    public static void Call(Utf8JsonWriter writer, ChatPart.ToolCall call, string? signature)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("functionCall"u8);
        writer.WriteString("name"u8, ToolNames.ForGoogle(call.Name));
        writer.WritePropertyName("args"u8);
        ToolArguments.WriteObject(writer, call.Arguments);
        writer.WriteEndObject();
        Sign(writer, signature);
        writer.WriteEndObject();
    }

    /// <summary><c>output</c> and <c>error</c> are the words Google's models know for a result and its failure.</summary>
    public static void Result(Utf8JsonWriter writer, string name, ChatPart.ToolResult result)
    {
        var text = string.Join("\n", result.Content.Select(part => part switch
        {
            ChatPart.Text piece => piece.Value,
            ChatPart.Document { MediaType: "text/plain" } document => Plain(document),
            _ => null,
        }).Where(piece => piece is not null));
        writer.WriteStartObject();
        writer.WriteStartObject("functionResponse"u8);
        writer.WriteString("name"u8, name);
        writer.WriteStartObject("response"u8);
        writer.WriteString(result.IsError ? "error"u8 : "output"u8, text);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Text, an image or a document. An address must have been replaced by what it leads to before (<see cref="UpstreamTraits"/>).</summary>
    public static Failure? Media(Utf8JsonWriter writer, ChatPart part)
    {
        switch (part)
        {
            case ChatPart.Text text:
                Text(writer, text.Value);
                return null;
            case ChatPart.Image image:
                return Image(writer, image);
            case ChatPart.Document { MediaType: "text/plain" } document:
                Text(writer, Plain(document));
                return null;
            case ChatPart.Document { MediaType: "application/pdf", Data: { } data }:
                Inline(writer, "application/pdf", data);
                return null;
            case ChatPart.Document { FileId: not null }:
                return Failure.Unsupported("A file id of one provider means nothing to another: send the file itself.", "messages");
            case ChatPart.Document { Url: not null }:
                return Failure.Unsupported("Documents by address are not supported by the upstream that serves this model: send the file itself.", "messages");
            case ChatPart.Document document:
                return Failure.Unsupported($"Documents of type '{document.MediaType ?? "unknown"}' are not supported; send a PDF or text.", "messages");
            default:
                return Failure.Unsupported("A user message takes text, images and documents only.", "messages");
        }
    }

    private static Failure? Image(Utf8JsonWriter writer, ChatPart.Image image)
    {
        var (data, type) = (image.Data, image.MediaType);
        if (data is null && image.Url is { } url && DataUri.Is(url) && !DataUri.TryParse(url, out type, out data!))
            return image.Wrong("the image's data URI is not valid base64.");
        if (data is null)
            return Failure.Unsupported("Images by address are not supported by the upstream that serves this model: send the image as a data URI.", image.Place ?? "messages");
        type = DataUri.MediaType(type) ?? DataUri.Sniffed(data);
        if (type?.StartsWith("image/", StringComparison.Ordinal) != true)
            return image.Wrong($"images of type '{type ?? "unknown"}' are not supported; send png, jpeg, webp, heic or heif.");
        Inline(writer, type, data);
        return null;
    }

    private static void Inline(Utf8JsonWriter writer, string type, string data)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("inlineData"u8);
        writer.WriteString("mimeType"u8, type);
        writer.WriteString("data"u8, data);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Sign(Utf8JsonWriter writer, string? signature)
    {
        if (signature is not null) writer.WriteString("thoughtSignature"u8, signature);
    }

    private static string Plain(ChatPart.Document document) => document.Title is { Length: > 0 } title ? title + "\n" + document.Data : document.Data ?? "";
}
