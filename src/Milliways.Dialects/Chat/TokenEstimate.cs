using System.Text;

namespace Milliways.Dialects.Chat;

/// <summary>
/// Tokens when nobody counted them: one for three UTF-8 bytes of text, reasoning and arguments, and four for every message of a prompt
/// (contract, "Numbers and marks"). Images count 1,792 each (design §4, Money).
/// </summary>
public static class TokenEstimate
{
    private const int BytesPerToken = 3;
    private const int TokensPerMessage = 4;
    private const int TokensPerImage = 1792;

    public static long OfBytes(long utf8Bytes) => (utf8Bytes + BytesPerToken - 1) / BytesPerToken;

    public static long OfText(string text) => OfBytes(Encoding.UTF8.GetByteCount(text));

    /// <summary>The prompt of a request: its messages, and the tools' texts as they are sent with it.</summary>
    public static long OfPrompt(ChatRequest request)
    {
        long bytes = 0, images = 0;
        foreach (var message in request.Messages) Count(message.Parts, ref bytes, ref images);
        foreach (var tool in request.Tools)
        {
            bytes += Bytes(tool.Name) + Bytes(tool.Description);
            if (tool.Parameters is { } schema) bytes += Bytes(schema.GetRawText());
        }

        return OfBytes(bytes) + images * TokensPerImage + (long)request.Messages.Count * TokensPerMessage;
    }

    /// <summary>UTF-8 bytes of an answer's text, reasoning and arguments.</summary>
    public static long BytesOfAnswer(ChatFold fold)
    {
        long bytes = 0, images = 0;
        foreach (var choice in fold.Choices) Count(choice.Parts, ref bytes, ref images);
        return bytes;
    }

    private static void Count(IReadOnlyList<ChatPart> parts, ref long bytes, ref long images)
    {
        foreach (var part in parts)
        {
            switch (part)
            {
                case ChatPart.Text text:
                    bytes += Bytes(text.Value);
                    break;
                case ChatPart.Thinking thinking:
                    bytes += Bytes(thinking.Value);
                    break;
                case ChatPart.Refusal refusal:
                    bytes += Bytes(refusal.Value);
                    break;
                case ChatPart.ToolCall call:
                    bytes += Bytes(call.Name) + Bytes(call.Arguments);
                    break;
                case ChatPart.ToolResult result:
                    Count(result.Content, ref bytes, ref images);
                    break;
                case ChatPart.Image:
                    images++;
                    break;
                case ChatPart.Document { MediaType: "text/plain" } document:
                    bytes += Bytes(document.Data);
                    break;
            }
        }
    }

    private static int Bytes(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);
}
