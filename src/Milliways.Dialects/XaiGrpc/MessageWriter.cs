using System.Text;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Turns as messages (dialects 4.5): results directly behind their calls, one message each.</summary>
internal static class MessageWriter
{
    private const string ErrorMark = "Error: ";

    public static Failure? Write(ChatRequest request, bool strict, RepeatedField<Message> messages)
    {
        var turns = ToolPairing.Arrange(request.Messages, strict, out var failure);
        if (failure is not null) return failure;
        // Whose file an id names only the account knows that all teams share: as over REST no id crosses.
        if (turns.Any(turn => turn.Parts.Any(HasFileId))) return Failure.Unsupported("A file id of one provider means nothing to another: send the file itself.", "messages");
        foreach (var turn in turns)
        {
            if (turn.Role == ChatRole.Tool) messages.AddRange(turn.Parts.OfType<ChatPart.ToolResult>().Select(Result));
            // An empty turn says nothing (dialects 4.5).
            else if (turn.Parts.Count > 0) messages.Add(Message(turn));
        }

        return messages.Count == 0 ? Failure.Invalid("messages has no content.", "messages") : null;
    }

    private static Message Message(ChatMessage turn)
    {
        var message = new Message
        {
            Name = turn.Name ?? "",
            Role = turn.Role switch
            {
                ChatRole.System => MessageRole.RoleSystem,
                ChatRole.Developer => MessageRole.RoleDeveloper,
                ChatRole.Assistant => MessageRole.RoleAssistant,
                _ => MessageRole.RoleUser,
            },
        };
        message.Content.AddRange(turn.Parts.Select(Part).OfType<Content>());
        if (turn.Role != ChatRole.Assistant) return message;
        var reasoning = string.Concat(turn.Parts.OfType<ChatPart.Thinking>().Select(part => part.Value));
        if (reasoning.Length > 0) message.ReasoningContent = reasoning;
        foreach (var call in turn.Parts.OfType<ChatPart.ToolCall>())
            message.ToolCalls.Add(CallWriter.Of(call with { Name = ToolNames.ForUpstream(call.Name) }));
        // The interface wants a part in every message.
        if (message.Content.Count == 0) message.Content.Add(new Content { Text = "" });
        return message;
    }

    private static Message Result(ChatPart.ToolResult result)
    {
        var message = new Message { Role = MessageRole.RoleTool, ToolCallId = result.CallId };
        message.Content.AddRange(result.Content.Select(Part).OfType<Content>());
        var first = message.Content.FirstOrDefault();
        if (result.IsError && first?.Text.StartsWith(ErrorMark, StringComparison.OrdinalIgnoreCase) != true) message.Content.Insert(0, new Content { Text = ErrorMark });
        if (message.Content.Count == 0) message.Content.Add(new Content { Text = "" });
        return message;
    }

    private static bool HasFileId(ChatPart part) =>
        part is ChatPart.Document { FileId: not null } || (part is ChatPart.ToolResult result && result.Content.Any(HasFileId));

    private static Content? Part(ChatPart part) => part switch
    {
        ChatPart.Text text => new Content { Text = text.Value },
        ChatPart.Refusal refusal => new Content { Text = refusal.Value },
        ChatPart.Image image => new Content { ImageUrl = new ImageUrlContent { ImageUrl = image.Url ?? $"data:{image.MediaType ?? "image/png"};base64,{image.Data}", Detail = Detail(image.Detail) } },
        ChatPart.Document file => new Content { File = Attached(file) },
        _ => null,
    };

    private static ImageDetail Detail(string? detail) => detail switch
    {
        "auto" => ImageDetail.DetailAuto,
        "low" => ImageDetail.DetailLow,
        "high" => ImageDetail.DetailHigh,
        _ => ImageDetail.DetailInvalid,
    };

    private static FileContent Attached(ChatPart.Document file)
    {
        var content = new FileContent { Filename = file.Title ?? "", MimeType = file.MediaType ?? "", Url = file.Url ?? "" };
        if (file.Data is { } data)
            content.Data = file.MediaType == "text/plain" ? ByteString.CopyFrom(Encoding.UTF8.GetBytes(data)) : ByteString.CopyFrom(Convert.FromBase64String(data));
        return content;
    }
}
