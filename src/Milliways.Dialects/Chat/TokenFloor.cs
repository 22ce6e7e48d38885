namespace Milliways.Dialects.Chat;

/// <summary>
/// The tokens that a prompt has at least, whatever the tokenizer: one for each word (a run of letters, digits and apostrophes), a long word one for each 16
/// characters of it, four for each message, and 1,792 for each image, which is what xAI counts at most (xai-api 1.3.1; design §4, Money). Prose has about a third
/// more. It is for refusing what cannot fit and must never refuse what does; the other estimate (<see cref="TokenEstimate"/>) is for usage that nobody counted.
/// </summary>
public static class TokenFloor
{
    private const int WordPiece = 16;
    private const int PerMessage = 4;
    private const int PerImage = 1792;

    /// <summary>A bound by the size of a body alone: a word needs a byte, and another one before the next word.</summary>
    public static long MostInBytes(long bytes) => (bytes / 2) + PerMessage;

    /// <summary>A bound by the bytes of a JSON body without images: names, escapes and all are counted as if they were text.</summary>
    public static long MostInJson(ReadOnlySpan<byte> json)
    {
        long tokens = PerMessage * 4;
        var run = 0;
        foreach (var letter in json)
        {
            if (letter == '{') tokens++; // with its names a message's object is worth the four tokens of a message
            if (IsWord((char)letter)) run++;
            else End(ref run, ref tokens);
        }

        End(ref run, ref tokens);
        return tokens;
    }

    /// <summary>The prompt of a request: its messages, and the tools' texts as they are sent with it.</summary>
    public static long OfPrompt(ChatRequest request)
    {
        long tokens = (long)request.Messages.Count * PerMessage;
        foreach (var message in request.Messages) tokens += Of(message.Parts);
        foreach (var tool in request.Tools) tokens += Of(tool.Name) + Of(tool.Description) + Of(tool.Parameters?.GetRawText());
        return tokens;
    }

    /// <summary>True when an image stands anywhere in the conversation, results of tools included.</summary>
    public static bool HasImages(ChatRequest request) => request.Messages.Any(message => HasImages(message.Parts));

    private static bool HasImages(IReadOnlyList<ChatPart> parts) =>
        parts.Any(part => part is ChatPart.Image || (part is ChatPart.ToolResult result && HasImages(result.Content)));

    private static long Of(IReadOnlyList<ChatPart> parts)
    {
        long tokens = 0;
        foreach (var part in parts)
        {
            tokens += part switch
            {
                ChatPart.Text text => Of(text.Value),
                ChatPart.Thinking thinking => Of(thinking.Value),
                ChatPart.Refusal refusal => Of(refusal.Value),
                ChatPart.ToolCall call => Of(call.Name) + Of(call.Arguments),
                ChatPart.ToolResult result => Of(result.Content),
                ChatPart.Document { MediaType: "text/plain" } document => Of(document.Data),
                ChatPart.Image => PerImage,
                _ => 0,
            };
        }

        return tokens;
    }

    private static long Of(string? text)
    {
        long tokens = 0;
        var run = 0;
        foreach (var letter in text.AsSpan())
        {
            if (IsWord(letter)) run++;
            else End(ref run, ref tokens);
        }

        End(ref run, ref tokens);
        return tokens;
    }

    private static void End(ref int run, ref long tokens)
    {
        tokens += (run + WordPiece - 1) / WordPiece;
        run = 0;
    }

    /// <summary>Everything beyond ASCII counts as letters: taking two words for one keeps the floor a floor.</summary>
    private static bool IsWord(char letter) => char.IsAsciiLetterOrDigit(letter) || letter == '\'' || letter >= 0x80;
}
