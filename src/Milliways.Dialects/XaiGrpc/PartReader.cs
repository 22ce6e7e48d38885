using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>The parts of a message. A part that we do not know is refused with its place: never dropped, never turned to text.</summary>
internal static class PartReader
{
    [Flags]
    public enum Kinds { Text = 1, Image = 2, File = 4 }

    public const Kinds TextOnly = Kinds.Text;

    public const Kinds All = Kinds.Text | Kinds.Image | Kinds.File;

    private static readonly string?[] Details = [null, "auto", "low", "high"];

    public static List<ChatPart> Read(IReadOnlyList<Content> contents, Kinds kinds, JsonPath path, JsonReading reading)
    {
        var parts = new List<ChatPart>(contents.Count);
        for (var at = 0; at < contents.Count && reading.Failure is null; at++)
            if (Read(contents[at], kinds, path.Item(at), reading) is { } part) parts.Add(part);
        return parts;
    }

    private static ChatPart? Read(Content content, Kinds kinds, JsonPath path, JsonReading reading)
    {
        switch (content.ContentCase)
        {
            case Content.ContentOneofCase.Text:
                return content.Text.Length > 0 ? new ChatPart.Text(content.Text) : null;
            case Content.ContentOneofCase.ImageUrl when kinds.HasFlag(Kinds.Image):
                return ReadImage(content.ImageUrl, path, reading);
            case Content.ContentOneofCase.File when kinds.HasFlag(Kinds.File):
                return ReadFile(content.File, path.Member("file"), reading);
            default:
                var what = content.ContentCase switch
                {
                    Content.ContentOneofCase.ImageUrl => "an image_url",
                    Content.ContentOneofCase.File => "a file",
                    _ => "of a kind that is not known here",
                };
                reading.Fail(Failure.Invalid($"{path} is {what}; allowed here: {(kinds == TextOnly ? "text" : "text, image_url, file")}.", path.ToString()));
                return null;
        }
    }

    private static ChatPart.Image? ReadImage(ImageUrlContent image, JsonPath path, JsonReading reading)
    {
        var field = path.Member("image_url").Member("image_url");
        var detail = Fields.Word(image.Detail, Details, reading, path.Member("image_url").Member("detail"));
        if (image.SourceCase == ImageUrlContent.SourceOneofCase.FileId)
        {
            var place = path.Member("image_url").Member("file_id").ToString();
            reading.Fail(Failure.Unsupported($"{place} is not supported, because files are not kept here: send the image as an address or a data URI.", place));
            return null;
        }

        var (url, where) = (image.ImageUrl, path.ToString());
        if (url.Length == 0) reading.OutOfRange(field, "a web address or a data URI");
        else if (!DataUri.Is(url)) return new ChatPart.Image(url, null, null) { Detail = detail, Place = where };
        else if (DataUri.TryParse(url, out var type, out var data)) return new ChatPart.Image(null, type, data) { Detail = detail, Place = where };
        else reading.OutOfRange(field, "a data URI with valid base64 (data:image/png;base64,...)");
        return null;
    }

    private static ChatPart.Document? ReadFile(FileContent file, JsonPath path, JsonReading reading)
    {
        var given = (file.FileId.Length > 0 ? 1 : 0) + (file.Data.IsEmpty ? 0 : 1) + (file.Url.Length > 0 ? 1 : 0);
        if (given != 1)
        {
            reading.Fail(Failure.Invalid($"{path} must have exactly one of file_id, data and url.", path.ToString()));
            return null;
        }

        var title = Fields.Text(file.Filename);
        if (file.Data.IsEmpty) return new ChatPart.Document(null, null, Fields.Text(file.Url), Fields.Text(file.FileId), title);
        // A text document is its text, as in the other dialects.
        if (file.MimeType.StartsWith("text/", StringComparison.OrdinalIgnoreCase)) return new ChatPart.Document("text/plain", Encoding.UTF8.GetString(file.Data.Span), null, null, title);
        var data = Convert.ToBase64String(file.Data.Span);
        return new ChatPart.Document(DataUri.MediaType(Fields.Text(file.MimeType)) ?? DataUri.Sniffed(data), data, null, null, title);
    }
}
