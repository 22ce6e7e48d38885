namespace Milliways.Exchanges.Relays;

/// <summary>
/// How many bytes of text an event carries, without parsing it: inside a JSON text a quote is escaped, so a name with bare quotes is a name, and its text
/// ends at the next bare quote. Escapes count as they are written, so the number is never too small.
/// </summary>
internal static class TextBytes
{
    /// <summary>Of a Chat chunk or answer.</summary>
    public static long OfChat(ReadOnlySpan<byte> json) =>
        Under(json, "\"content\""u8) + Under(json, "\"reasoning_content\""u8) + Under(json, "\"reasoning\""u8) + Under(json, "\"arguments\""u8) + Under(json, "\"refusal\""u8)
        + Under(json, "\"text\""u8);

    /// <summary>Of a Messages event or answer.</summary>
    public static long OfMessages(ReadOnlySpan<byte> json) =>
        Under(json, "\"text\""u8) + Under(json, "\"thinking\""u8) + Under(json, "\"partial_json\""u8);

    /// <summary>Of a GenerateContentResponse: arguments of calls are objects there, and count with all that stands around them.</summary>
    public static long OfGemini(ReadOnlySpan<byte> json) => json.IndexOf("\"functionCall\""u8) >= 0 ? json.Length : Under(json, "\"text\""u8);

    /// <summary>Of a Responses delta event.</summary>
    public static long OfResponses(ReadOnlySpan<byte> json) => Under(json, "\"delta\""u8);

    /// <summary>Of a whole response object.</summary>
    public static long OfResponse(ReadOnlySpan<byte> json) => Under(json, "\"text\""u8) + Under(json, "\"arguments\""u8);

    private static long Under(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        long bytes = 0;
        for (int at; (at = json.IndexOf(name)) >= 0;)
        {
            json = json[(at + name.Length)..].TrimStart(" :"u8);
            if (json.IsEmpty || json[0] != (byte)'"')
                continue;
            var end = End(json[1..]);
            bytes += end;
            json = json[(1 + end)..];
        }
        return bytes;
    }

    /// <summary>Where the text ends whose first byte this is.</summary>
    private static int End(ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (text[at..].IndexOfAny((byte)'"', (byte)'\\') is var next && next >= 0)
        {
            at += next;
            if (text[at] == (byte)'"')
                return at;
            at = Math.Min(at + 2, text.Length);
        }
        return text.Length;
    }
}
