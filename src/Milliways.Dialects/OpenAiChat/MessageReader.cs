using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>The messages of a Chat request (dialects 1.3). Tool messages in a row become one tool turn.</summary>
internal static class MessageReader
{
    public static List<ChatMessage> Read(JsonField messages)
    {
        var turns = new List<ChatMessage>();
        if (!messages.IsPresent) messages.Reading.Missing(messages.Path);
        var legacy = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var message in messages.Items())
        {
            if (messages.Reading.Failure is not null) return turns;
            if (!message.IsObject)
            {
                messages.Reading.WrongType(message.Path, "an object", message.Value);
                return turns;
            }

            Add(turns, ReadMessage(message, turns.Count, legacy));
        }

        if (messages.IsArray && messages.Value.GetArrayLength() == 0) messages.Reading.OutOfRange(messages.Path, "an array of at least one message");
        return turns;
    }

    private static void Add(List<ChatMessage> turns, ChatMessage? turn)
    {
        if (turn is null) return;
        if (turn.Role == ChatRole.Tool && turns.Count > 0 && turns[^1].Role == ChatRole.Tool)
            turns[^1] = turns[^1] with { Parts = [.. turns[^1].Parts, .. turn.Parts] };
        else
            turns.Add(turn);
    }

    private static ChatMessage? ReadMessage(JsonField message, int position, Dictionary<string, string> legacy)
    {
        var name = message["name"].Text();
        switch (message["role"].RequiredText())
        {
            case "system": return new ChatMessage(ChatRole.System, Content(message, PartReader.TextOnly)) { Name = name };
            case "developer": return new ChatMessage(ChatRole.Developer, Content(message, PartReader.TextOnly)) { Name = name };
            case "user": return new ChatMessage(ChatRole.User, Content(message, PartReader.User)) { Name = name };
            case "assistant": return new ChatMessage(ChatRole.Assistant, Assistant(message, position, legacy)) { Name = name };
            case "tool": return new ChatMessage(ChatRole.Tool, [Result(message, message["tool_call_id"].Text() ?? "")]);
            case "function":
                legacy.Remove(name ?? "", out var id);
                return new ChatMessage(ChatRole.Tool, [Result(message, id ?? name ?? "")]);
            default:
                if (message["role"].IsText)
                    message.Reading.OutOfRange(message["role"].Path, "one of system, developer, user, assistant, tool");
                return null;
        }
    }

    private static ChatPart.ToolResult Result(JsonField message, string id)
    {
        var content = message["content"];
        // Sloppy clients put the result itself there instead of its text (dialects 4.5).
        List<ChatPart> parts = content.IsObject ? [new ChatPart.Text(JsonText.Compact(content.Value))] : Content(message, PartReader.Tool);
        return new ChatPart.ToolResult(id, parts, IsError: false);
    }

    private static List<ChatPart> Assistant(JsonField message, int position, Dictionary<string, string> legacy)
    {
        var parts = Thinking(message);
        parts.AddRange(Content(message, PartReader.Assistant, required: false));
        if (message["refusal"].Text() is { Length: > 0 } refusal) parts.Add(new ChatPart.Refusal(refusal));
        foreach (var call in message["tool_calls"].Items())
        {
            if (call.Object()["type"].Text() is not (null or "function" or "custom"))
                call.Reading.OutOfRange(call["type"].Path, "function or custom");
            if (call["type"].Text() == "custom")
            {
                var custom = call["custom"].Object();
                parts.Add(new ChatPart.ToolCall(call["id"].Text() ?? "", custom["name"].RequiredText(), custom["input"].Text() ?? "") { IsCustom = true });
                continue;
            }

            var function = call["function"].Object();
            parts.Add(new ChatPart.ToolCall(call["id"].Text() ?? "", function["name"].RequiredText(), Arguments(function["arguments"])));
        }

        if (message["function_call"].Object() is { IsPresent: true } old)
        {
            var name = old["name"].RequiredText();
            legacy[name] = ToolCallIds.Made("function", position, 0);
            parts.Add(new ChatPart.ToolCall(legacy[name], name, Arguments(old["arguments"])));
        }

        return parts;
    }

    /// <summary>Arguments are text; an object, which sloppy clients send, is taken as its text.</summary>
    private static string Arguments(JsonField arguments) =>
        arguments.IsObject ? JsonText.Compact(arguments.Value) : arguments.Text() ?? "";

    private static List<ChatPart> Thinking(JsonField message)
    {
        var parts = new List<ChatPart>();
        // LiteLLM's extension keeps the signatures; the plain text does not (dialects 4.9).
        if (message["thinking_blocks"].IsArray)
        {
            foreach (var block in message["thinking_blocks"].Items())
            {
                if (block["type"].Text() == "redacted_thinking") parts.Add(new ChatPart.RedactedThinking(block["data"].RequiredText()));
                else parts.Add(new ChatPart.Thinking(block["thinking"].Text() ?? "", block["signature"].Text()));
            }

            return parts;
        }

        var text = message["reasoning_content"];
        if (!text.IsText) text = message["reasoning"];
        if (text.IsText && text.Text() is { Length: > 0 } value) parts.Add(new ChatPart.Thinking(value, null));
        return parts;
    }

    private static List<ChatPart> Content(JsonField message, PartReader.Kinds kinds, bool required = true)
    {
        var content = message["content"];
        var parts = new List<ChatPart>();
        if (content.IsText)
        {
            if (content.Text() is { Length: > 0 } text) parts.Add(new ChatPart.Text(text));
        }
        else if (content.IsArray)
        {
            foreach (var part in content.Items())
                if (PartReader.Read(part, kinds) is { } read) parts.Add(read);
        }
        else if (content.IsPresent)
        {
            message.Reading.WrongType(content.Path, "a string or an array of parts", content.Value);
        }
        else if (required && content.Value.ValueKind == JsonValueKind.Undefined)
        {
            message.Reading.Missing(content.Path);
        }

        // An extension: the mark on the message means its last part.
        if (message["cache_control"].Kept() is { } mark && parts.Count > 0 && parts[^1].CacheControl is null) parts[^1] = parts[^1] with { CacheControl = mark };
        return parts;
    }
}
