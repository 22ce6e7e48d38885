using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>The parts of a message (dialects 1.3; xai-api 1.3.2). A part we do not know is refused with its place: never dropped, never turned to text.</summary>
internal static class PartReader
{
    private static readonly JsonElement Ephemeral = JsonDocument.Parse("""{"type":"ephemeral"}""").RootElement.Clone();

    [Flags]
    public enum Kinds { Text = 1, Image = 2, File = 4, Refusal = 8 }

    public const Kinds TextOnly = Kinds.Text;

    public const Kinds User = Kinds.Text | Kinds.Image | Kinds.File;

    public const Kinds Assistant = Kinds.Text | Kinds.Refusal;

    /// <summary>Images in a result are no part of the dialect, but clients send them and Anthropic takes them (dialects 4.5).</summary>
    public const Kinds Tool = Kinds.Text | Kinds.Image | Kinds.File;

    public static ChatPart? Read(JsonField part, Kinds kinds)
    {
        if (part.IsText) return part.Text() is { Length: > 0 } bare ? new ChatPart.Text(bare) : null;
        if (!part.IsObject)
        {
            part.Reading.WrongType(part.Path, "an object", part.Value);
            return null;
        }

        var read = part["type"].RequiredText() switch
        {
            "text" => ReadText(part["text"]),
            "image_url" when kinds.HasFlag(Kinds.Image) => ReadImage(part["image_url"]) is { } image ? image with { Place = part.Path.ToString() } : null,
            "file" when kinds.HasFlag(Kinds.File) => ReadFile(part["file"].Object()),
            "text_file" when kinds.HasFlag(Kinds.File) => new ChatPart.Document("text/plain", part["text"].RequiredText(), null, null, null),
            "refusal" when kinds.HasFlag(Kinds.Refusal) => new ChatPart.Refusal(part["refusal"].RequiredText()),
            var type => Refused(part, type, kinds),
        };
        if (read is null) return null;
        var mark = part["cache_control"].Kept() ?? (part["prompt_cache_breakpoint"].IsObject ? Ephemeral : (JsonElement?)null);
        return mark is null ? read : read with { CacheControl = mark };
    }

    private static ChatPart.Text? ReadText(JsonField text) => text.RequiredText() is { Length: > 0 } value ? new ChatPart.Text(value) : null;

    private static ChatPart? Refused(JsonField part, string type, Kinds kinds)
    {
        var place = part["type"];
        if (!place.IsText) return null;
        if (type == "input_audio")
        {
            part.Reading.Fail(Failure.Unsupported($"{place.Path} is 'input_audio'; audio is not supported.", place.Path.ToString()));
            return null;
        }

        var allowed = kinds.ToString().Replace("Image", "image_url", StringComparison.Ordinal).ToLowerInvariant();
        part.Reading.Fail(Failure.Invalid($"{place.Path} is '{type}'; allowed here: {allowed}.", place.Path.ToString()));
        return null;
    }

    private static ChatPart.Image? ReadImage(JsonField image)
    {
        var field = image.IsText ? image : image.Object()["url"];
        var url = field.RequiredText();
        var detail = image.IsText ? null : image["detail"].Text();
        if (url.Length == 0)
        {
            image.Reading.OutOfRange(field.Path, "a web address or a data URI");
            return null;
        }

        if (!DataUri.Is(url)) return new ChatPart.Image(url, null, null) { Detail = detail };
        if (DataUri.TryParse(url, out var type, out var data)) return new ChatPart.Image(null, type, data) { Detail = detail };
        image.Reading.OutOfRange(field.Path, "a data URI with valid base64 (data:image/png;base64,...)");
        return null;
    }

    private static ChatPart.Document? ReadFile(JsonField file)
    {
        var title = file["filename"].Text();
        if (file["file_data"].Text() is { } text)
        {
            if (!DataUri.Is(text)) text = "data:;base64," + text;
            if (DataUri.TryParse(text, out var type, out var data))
            {
                // A text document is its text, as in Anthropic's dialect.
                return type is not null && type.StartsWith("text/", StringComparison.Ordinal)
                    ? new ChatPart.Document("text/plain", Encoding.UTF8.GetString(Convert.FromBase64String(data)), null, null, title)
                    : new ChatPart.Document(type ?? DataUri.Sniffed(data), data, null, null, title);
            }

            file.Reading.OutOfRange(file["file_data"].Path, "a data URI with valid base64");
            return null;
        }

        var (id, url) = (file["file_id"].Text(), file["url"].Text());
        if (id is null && url is null) file.Reading.Missing(file["file_data"].Path);
        return new ChatPart.Document(null, null, url, id, title);
    }
}
