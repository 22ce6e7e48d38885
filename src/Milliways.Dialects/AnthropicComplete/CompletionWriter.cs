using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.AnthropicComplete;

/// <summary>The <c>completion</c> object, which is the whole answer and each event of a stream.</summary>
internal static class CompletionWriter
{
    public static void Write(IBufferWriter<byte> output, AnswerFacts facts, string text, StopReason? reason, string? matched)
    {
        using var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "completion"u8);
        writer.WriteString("id"u8, facts.Id);
        writer.WriteString("completion"u8, text);
        if (reason is { } given) writer.WriteString("stop_reason"u8, Word(given));
        else writer.WriteNull("stop_reason"u8);
        writer.WriteString("stop"u8, matched);
        writer.WriteString("model"u8, facts.Model);
        writer.WriteEndObject();
    }

    /// <summary>A natural end was the built-in stop sequence before the next <c>Human:</c> turn.</summary>
    private static ReadOnlySpan<byte> Word(StopReason reason) => reason switch
    {
        StopReason.MaxTokens or StopReason.ContextFull => "max_tokens"u8,
        StopReason.ContentFilter => "refusal"u8,
        _ => "stop_sequence"u8,
    };
}
