using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>Turns as Chat messages (dialects 4.4, 4.5): results directly behind their calls, images of results in a user message after them.</summary>
internal static class MessageWriter
{
    private const string ErrorMark = "Error: ";

    public static Failure? Write(Utf8JsonWriter writer, ChatRequest request, ChatWriteOptions options)
    {
        var turns = ToolPairing.Arrange(request.Messages, options.Strict, out var failure);
        if (failure is not null) return failure;
        var written = 0;
        writer.WriteStartArray("messages"u8);
        for (var at = 0; at < turns.Count; at++)
        {
            failure = turns[at] switch
            {
                { Role: ChatRole.Assistant } turn => Assistant(writer, turn, options),
                { Role: ChatRole.Tool } turn => Results(writer, turn, options),
                // An empty turn says nothing, and some servers refuse it (dialects 4.5).
                { Parts.Count: 0 } => null,
                { Role: ChatRole.User } turn => User(writer, turn.Parts, turn.Name),
                var turn => System(writer, turn, options),
            };
            if (failure is not null) return failure;
            if (turns[at].Parts.Count > 0) written++;
        }

        writer.WriteEndArray();
        return written == 0 ? Failure.Invalid("messages has no content.", "messages") : null;
    }

    private static Failure? System(Utf8JsonWriter writer, ChatMessage turn, ChatWriteOptions options)
    {
        if (turn.Parts.Any(part => part is not ChatPart.Text)) return Failure.Invalid("A system message takes text only.", "messages");
        writer.WriteStartObject();
        writer.WriteString("role"u8, options.DeveloperRole ? "developer"u8 : "system"u8);
        writer.WriteString("content"u8, string.Join("\n\n", turn.Parts.OfType<ChatPart.Text>().Select(part => part.Value)));
        writer.WriteEndObject();
        return null;
    }

    private static Failure? User(Utf8JsonWriter writer, IReadOnlyList<ChatPart> parts, string? name = null)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, "user"u8);
        if (name is not null) writer.WriteString("name"u8, name);
        if (parts is [ChatPart.Text only])
        {
            writer.WriteString("content"u8, only.Value);
        }
        else
        {
            writer.WriteStartArray("content"u8);
            foreach (var part in parts)
                if (PartWriter.Write(writer, part) is { } failure) return failure;
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        return null;
    }

    private static Failure? Assistant(Utf8JsonWriter writer, ChatMessage turn, ChatWriteOptions options)
    {
        if (turn.Parts.Any(part => part is ChatPart.Image or ChatPart.Document))
            return Failure.Unsupported("An assistant message takes no images or documents.", "messages");
        var calls = turn.Parts.OfType<ChatPart.ToolCall>().ToList();
        var text = turn.Text;
        writer.WriteStartObject();
        writer.WriteString("role"u8, "assistant"u8);
        if (text.Length > 0 || calls.Count == 0) writer.WriteString("content"u8, text);
        else writer.WriteNull("content"u8);

        var refusal = string.Concat(turn.Parts.OfType<ChatPart.Refusal>().Select(part => part.Value));
        if (refusal.Length > 0) writer.WriteString("refusal"u8, refusal);
        var thinking = options.ReasoningInHistory ? string.Concat(turn.Parts.OfType<ChatPart.Thinking>().Select(part => part.Value)) : "";
        if (thinking.Length > 0) writer.WriteString("reasoning_content"u8, thinking);
        if (calls.Count > 0)
        {
            writer.WriteStartArray("tool_calls"u8);
            foreach (var call in calls)
            {
                var sent = options.CustomTools ? call : CustomTools.AsFunction(call);
                var arguments = !sent.IsCustom && string.IsNullOrWhiteSpace(sent.Arguments) ? "{}" : sent.Arguments;
                CallWriter.Write(writer, sent with { Id = ToolCallIds.ForChat(call.Id), Name = ToolNames.ForUpstream(call.Name), Arguments = arguments });
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        return null;
    }

    private static Failure? Results(Utf8JsonWriter writer, ChatMessage turn, ChatWriteOptions options)
    {
        var shown = new List<ChatPart>();
        foreach (var result in turn.Parts.OfType<ChatPart.ToolResult>())
        {
            var id = ToolCallIds.ForChat(result.CallId);
            var media = result.Content.Where(part => part is ChatPart.Image or ChatPart.Document { MediaType: not "text/plain" }).ToList();
            writer.WriteStartObject();
            writer.WriteString("role"u8, "tool"u8);
            writer.WriteString("tool_call_id"u8, id);
            if (options.ImagesInToolMessages && media.Count > 0)
            {
                writer.WriteStartArray("content"u8);
                foreach (var part in result.Content)
                    if (PartWriter.Write(writer, part) is { } failure) return failure;
                writer.WriteEndArray();
            }
            else
            {
                writer.WriteString("content"u8, TextOf(result, media.Count > 0));
                if (media.Count > 0) shown.Add(new ChatPart.Text(string.Create(CultureInfo.InvariantCulture, $"Attached to the result of tool call {id}:")));
                shown.AddRange(media);
            }

            writer.WriteEndObject();
        }

        return shown.Count > 0 ? User(writer, shown) : null;
    }

    private static string TextOf(ChatPart.ToolResult result, bool hasMedia)
    {
        var text = string.Join("\n", result.Content.Select(part => part switch
        {
            ChatPart.Text piece => piece.Value,
            ChatPart.Document { MediaType: "text/plain" } document => PartWriter.Plain(document),
            _ => null,
        }).Where(piece => piece is not null));
        if (text.Length == 0 && hasMedia) text = "The result is attached to the next message.";
        return result.IsError && !text.StartsWith(ErrorMark, StringComparison.OrdinalIgnoreCase) ? ErrorMark + text : text;
    }
}
