using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>System text and turns (dialects 2.3, 4.4). Tool results of a user message become a tool turn before the rest of it.</summary>
internal static class MessageReader
{
    /// <summary>Claude Code's first system block, which only Anthropic takes out by itself (dialects 2.13).</summary>
    private const string Attribution = "x-anthropic-billing-header:";

    public static List<ChatMessage> Read(JsonField root)
    {
        var turns = new List<ChatMessage>();
        var system = Content(root["system"], PartReader.System, required: false);
        if (system.Count > 0 && system[0] is ChatPart.Text first && first.Value.StartsWith(Attribution, StringComparison.Ordinal)) system.RemoveAt(0);
        if (system.Count > 0) turns.Add(new ChatMessage(ChatRole.System, system));

        var messages = root["messages"];
        if (!messages.IsPresent) messages.Reading.Missing(messages.Path);
        foreach (var message in messages.Items())
        {
            if (messages.Reading.Failure is not null) return turns;
            if (!message.Object().IsObject) return turns;
            Add(turns, message);
        }

        if (messages.IsArray && messages.Value.GetArrayLength() == 0) messages.Reading.OutOfRange(messages.Path, "an array of at least one message");
        return turns;
    }

    private static void Add(List<ChatMessage> turns, JsonField message)
    {
        switch (message["role"].RequiredText())
        {
            case "system":
                turns.Add(new ChatMessage(ChatRole.System, Content(message["content"], PartReader.System)));
                break;
            case "assistant":
                turns.Add(new ChatMessage(ChatRole.Assistant, Content(message["content"], PartReader.Assistant)));
                break;
            case "user":
                var parts = Content(message["content"], PartReader.User);
                var results = parts.FindAll(part => part is ChatPart.ToolResult);
                if (results.Count > 0) turns.Add(new ChatMessage(ChatRole.Tool, results));
                if (results.Count < parts.Count || parts.Count == 0)
                    turns.Add(new ChatMessage(ChatRole.User, parts.FindAll(part => part is not ChatPart.ToolResult)));
                break;
            default:
                if (message["role"].IsText) message.Reading.OutOfRange(message["role"].Path, "one of user, assistant, system");
                break;
        }
    }

    internal static List<ChatPart> Content(JsonField content, PartReader.Kinds kinds, bool required = true)
    {
        var parts = new List<ChatPart>();
        if (content.IsText)
        {
            if (content.Text() is { Length: > 0 } text) parts.Add(new ChatPart.Text(text));
        }
        else if (content.IsArray)
        {
            foreach (var block in content.Items())
                if (PartReader.Read(block, kinds) is { } part) parts.Add(part);
        }
        else if (content.IsPresent)
        {
            content.Reading.WrongType(content.Path, "a string or an array of blocks", content.Value);
        }
        else if (required)
        {
            content.Reading.Missing(content.Path);
        }

        return parts;
    }
}
