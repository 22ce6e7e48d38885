using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Api;

/// <summary>Reads the <c>usage</c> value of a whole answer that is relayed as bytes.</summary>
internal static class WholeUsage
{
    public static ChatUsage? OfChat(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return Dialects.OpenAiChat.UsageReader.Read(ref reader);
    }

    public static ChatUsage? OfResponses(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using var usage = JsonDocument.ParseValue(ref reader);
        return Dialects.OpenAiResponses.UsageReader.Read(usage.RootElement);
    }

    public static ChatUsage? OfGemini(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using var usage = JsonDocument.ParseValue(ref reader);
        return Dialects.Gemini.UsageReader.Read(usage.RootElement);
    }

    public static ChatUsage? OfMessages(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using var usage = JsonDocument.ParseValue(ref reader);
        var fields = new Dialects.Anthropic.UsageFields();
        return fields.Read(usage.RootElement) ? fields.Usage : null;
    }
}
