using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>Content blocks of requests (dialects 2.3). A block we do not know is refused with its place.</summary>
internal static class PartReader
{
    [Flags]
    public enum Kinds { Text = 1, Media = 2, Results = 4, Calls = 8, References = 16 }

    public const Kinds System = Kinds.Text;

    public const Kinds User = Kinds.Text | Kinds.Media | Kinds.Results;

    public const Kinds Assistant = Kinds.Text | Kinds.Calls;

    private const Kinds InResult = Kinds.Text | Kinds.Media | Kinds.References;

    public static ChatPart? Read(JsonField block, Kinds kinds)
    {
        if (!block.Object().IsObject)
        {
            if (!block.IsPresent) block.Reading.Missing(block.Path);
            return null;
        }

        ChatPart? part = block["type"].RequiredText() switch
        {
            "text" => block["text"].RequiredText() is { Length: > 0 } text ? new ChatPart.Text(text) : null,
            "image" when kinds.HasFlag(Kinds.Media) => ReadImage(block["source"].Object()) is { } image ? image with { Place = block.Path.ToString() } : null,
            "document" when kinds.HasFlag(Kinds.Media) => ReadDocument(block),
            "search_result" when kinds.HasFlag(Kinds.Media) => ReadSearchResult(block),
            "tool_reference" when kinds.HasFlag(Kinds.References) => new ChatPart.Text("Tool: " + block["tool_name"].RequiredText()),
            "tool_result" when kinds.HasFlag(Kinds.Results) => new ChatPart.ToolResult(
                block["tool_use_id"].RequiredText(), MessageReader.Content(block["content"], InResult, required: false), block["is_error"].Flag() ?? false),
            "tool_use" when kinds.HasFlag(Kinds.Calls) => ReadCall(block),
            "thinking" when kinds.HasFlag(Kinds.Calls) => new ChatPart.Thinking(block["thinking"].Text() ?? "", block["signature"].Text()),
            "redacted_thinking" when kinds.HasFlag(Kinds.Calls) => new ChatPart.RedactedThinking(block["data"].RequiredText()),
            var type => Refused(block["type"], type, kinds),
        };
        return part is not null && block["cache_control"].Kept() is { } mark ? part with { CacheControl = mark } : part;
    }

    private static ChatPart? Refused(JsonField type, string name, Kinds kinds)
    {
        if (!type.IsText) return null;
        var allowed = new List<string> { "text" };
        if (kinds.HasFlag(Kinds.Media)) allowed.AddRange(["image", "document", "search_result"]);
        if (kinds.HasFlag(Kinds.Results)) allowed.Add("tool_result");
        if (kinds.HasFlag(Kinds.Calls)) allowed.AddRange(["tool_use", "thinking", "redacted_thinking"]);
        type.Reading.Fail(Failure.Unsupported($"{type.Path} is '{name}'; allowed here: {string.Join(", ", allowed)}.", type.Path.ToString()));
        return null;
    }

    private static ChatPart.ToolCall ReadCall(JsonField block)
    {
        var input = block["input"];
        if (!input.IsPresent) input.Reading.Missing(input.Path);
        else if (!input.IsObject) input.Reading.WrongType(input.Path, "an object", input.Value);
        return new ChatPart.ToolCall(block["id"].RequiredText(), block["name"].RequiredText(), input.IsObject ? JsonText.Compact(input.Value) : "{}");
    }

    private static ChatPart.Image? ReadImage(JsonField source)
    {
        switch (source["type"].RequiredText())
        {
            case "base64":
                var data = Base64(source["data"]);
                return new ChatPart.Image(null, DataUri.MediaType(source["media_type"].Text()) ?? DataUri.Sniffed(data), data);
            case "url":
                return new ChatPart.Image(source["url"].RequiredText(), null, null);
            default:
                return Unknown<ChatPart.Image>(source["type"], "base64, url");
        }
    }

    private static ChatPart.Document? ReadDocument(JsonField block)
    {
        var source = block["source"].Object();
        var title = block["title"].Text();
        switch (source["type"].RequiredText())
        {
            case "base64":
                return new ChatPart.Document(source["media_type"].Text() ?? "application/pdf", Base64(source["data"]), null, null, title);
            case "text":
                return new ChatPart.Document("text/plain", source["data"].RequiredText(), null, null, title);
            case "content":
                var parts = MessageReader.Content(source["content"], Kinds.Text);
                return new ChatPart.Document("text/plain", string.Concat(parts.OfType<ChatPart.Text>().Select(part => part.Value)), null, null, title);
            case "url":
                return new ChatPart.Document(null, null, source["url"].RequiredText(), null, title);
            case "file":
                return new ChatPart.Document(null, null, null, source["file_id"].RequiredText(), title);
            default:
                return Unknown<ChatPart.Document>(source["type"], "base64, text, content, url, file");
        }
    }

    /// <summary>A search result is told as its title, source and text (dialects 4.5).</summary>
    private static ChatPart.Text ReadSearchResult(JsonField block)
    {
        var parts = MessageReader.Content(block["content"], Kinds.Text);
        var text = string.Concat(parts.OfType<ChatPart.Text>().Select(part => part.Value));
        return new ChatPart.Text($"{block["title"].RequiredText()}\n{block["source"].RequiredText()}\n{text}");
    }

    private static string Base64(JsonField data)
    {
        var text = data.RequiredText();
        if (text.Length > 0 && DataUri.Normalised(text) is { } clean) return clean;
        if (data.IsText) data.Reading.OutOfRange(data.Path, "base64");
        return "";
    }

    private static T? Unknown<T>(JsonField type, string allowed) where T : ChatPart
    {
        if (type.IsText) type.Reading.OutOfRange(type.Path, "one of " + allowed);
        return null;
    }
}
