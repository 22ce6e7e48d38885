using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>Content parts of input items (dialects 3.3; xai-api 1.6.1). A part we do not know is refused with its place.</summary>
internal static class PartReader
{
    private static readonly JsonElement Ephemeral = JsonDocument.Parse("""{"type":"ephemeral"}""").RootElement.Clone();

    public enum Kinds { Text, User, Assistant }

    /// <summary>The content of a message: a string or parts.</summary>
    public static List<ChatPart> Content(JsonField content, Kinds kinds)
    {
        var parts = new List<ChatPart>();
        if (content.IsText)
        {
            if (content.Text() is { Length: > 0 } text) parts.Add(new ChatPart.Text(text));
        }
        else if (content.IsArray)
        {
            foreach (var part in content.Items())
                if (Read(part, kinds) is { } read) parts.Add(read);
        }
        else if (content.IsPresent)
        {
            content.Reading.WrongType(content.Path, "a string or an array of parts", content.Value);
        }
        else if (content.Value.ValueKind == JsonValueKind.Undefined)
        {
            content.Reading.Missing(content.Path);
        }

        return parts;
    }

    /// <summary>A tool's output: a string or parts, images among them (RSP-12); an object, which sloppy clients send, is its own text.</summary>
    public static List<ChatPart> Output(JsonField output) => output switch
    {
        { IsPresent: false } => [],
        { IsObject: true } => [new ChatPart.Text(JsonText.Compact(output.Value))],
        _ => Content(output, Kinds.User),
    };

    private static ChatPart? Read(JsonField part, Kinds kinds)
    {
        if (part.IsText) return part.Text() is { Length: > 0 } bare ? new ChatPart.Text(bare) : null;
        if (!part.IsObject)
        {
            part.Reading.WrongType(part.Path, "an object", part.Value);
            return null;
        }

        ChatPart? read = part["type"].RequiredText() switch
        {
            "input_text" or "output_text" or "text" => part["text"].RequiredText() is { Length: > 0 } text ? new ChatPart.Text(text) : null,
            "input_image" when kinds == Kinds.User => ReadImage(part) is { } image ? image with { Place = part.Path.ToString() } : null,
            "input_file" when kinds == Kinds.User => ReadFile(part),
            "refusal" when kinds == Kinds.Assistant => new ChatPart.Refusal(part["refusal"].RequiredText()),
            var type => Refused(part["type"], type, kinds),
        };
        return read is not null && part["prompt_cache_breakpoint"].IsObject ? read with { CacheControl = Ephemeral } : read;
    }

    private static ChatPart? Refused(JsonField type, string name, Kinds kinds)
    {
        if (!type.IsText) return null;
        if (name == "input_audio")
        {
            type.Reading.Fail(Failure.Unsupported($"{type.Path} is 'input_audio'; audio is not supported.", type.Path.ToString()));
            return null;
        }

        var allowed = kinds switch
        {
            Kinds.User => "input_text, input_image, input_file",
            Kinds.Assistant => "output_text, refusal",
            _ => "input_text",
        };
        type.Reading.Fail(Failure.Invalid($"{type.Path} is '{name}'; allowed here: {allowed}.", type.Path.ToString()));
        return null;
    }

    private static ChatPart.Image? ReadImage(JsonField part)
    {
        // A plain string here; the nested form is Chat's.
        var field = part["image_url"].IsObject ? part["image_url"]["url"] : part["image_url"];
        if (!field.IsPresent && part["file_id"].IsPresent)
        {
            part.Reading.Fail(Failure.Unsupported($"{part["file_id"].Path}: a file id of one provider means nothing to another: send the image itself.", part["file_id"].Path.ToString()));
            return null;
        }

        // "auto" is the default, and the default is as good as absent (dialects 4.0 rule 7).
        var (url, detail) = (field.RequiredText(), part["detail"].Text() is { } asked and not "auto" ? asked : null);
        if (url.Length == 0)
        {
            if (field.IsText) part.Reading.OutOfRange(field.Path, "a web address or a data URI");
            return null;
        }

        if (!DataUri.Is(url)) return new ChatPart.Image(url, null, null) { Detail = detail };
        if (DataUri.TryParse(url, out var type, out var data)) return new ChatPart.Image(null, type, data) { Detail = detail };
        part.Reading.OutOfRange(field.Path, "a data URI with valid base64 (data:image/png;base64,...)");
        return null;
    }

    private static ChatPart.Document? ReadFile(JsonField part)
    {
        var (title, field) = (part["filename"].Text(), part["file_data"]);
        if (field.Text() is { Length: > 0 } text)
        {
            if (!DataUri.Is(text)) text = $"data:{part["mime_type"].Text()};base64,{text}";
            if (DataUri.TryParse(text, out var type, out var data))
            {
                // A text document is its text, as in Anthropic's dialect.
                return type is not null && type.StartsWith("text/", StringComparison.Ordinal)
                    ? new ChatPart.Document("text/plain", Encoding.UTF8.GetString(Convert.FromBase64String(data)), null, null, title)
                    : new ChatPart.Document(type ?? DataUri.Sniffed(data), data, null, null, title);
            }

            part.Reading.OutOfRange(field.Path, "a data URI with valid base64");
            return null;
        }

        var (id, url) = (part["file_id"].Text(), part["file_url"].Text());
        if (id is null && url is null) part.Reading.Missing(field.Path);
        return new ChatPart.Document(null, null, url, id, title);
    }
}
