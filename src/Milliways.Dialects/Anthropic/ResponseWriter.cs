using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>A whole message (dialects 2.7, 4.10 "Response bodies"); the first choice of the fold.</summary>
public static class ResponseWriter
{
    /// <summary>Usage given here outranks the fold's.</summary>
    public static void Write(ChatFold fold, AnthropicWriteOptions options, IBufferWriter<byte> output, ChatUsage? usage = null, long? costTicks = null)
    {
        var choice = fold.Choices is [var first, ..] ? first : new ChatAnswer(0, [], StopReason.EndTurn, null);
        using var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        writer.WriteString("id"u8, options.Id);
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("model"u8, options.Model);
        writer.WriteStartArray("content"u8);
        var index = 0;
        foreach (var part in choice.Parts) WriteBlock(writer, part, options.Id, index++);
        WriteLate(writer, [.. choice.Parts.OfType<ChatPart.Text>().SelectMany(text => text.Citations.TakeLast(text.LateCitations))]);
        writer.WriteEndArray();

        var hasCalls = choice.Parts.Any(part => part is ChatPart.ToolCall);
        var hasRefusal = choice.Parts.Any(part => part is ChatPart.Refusal);
        var (reason, matched) = Answers.Stop(choice.Reason, choice.StopSequence, hasCalls, hasRefusal);
        writer.WriteString("stop_reason"u8, StopReasonWords.Write(reason, options.KnowsContextFull));
        writer.WriteString("stop_sequence"u8, matched);
        UsageFields.Write(writer, usage ?? fold.Usage ?? new ChatUsage(options.InputEstimate, 0, 0, 0, 0), costTicks);
        writer.WriteEndObject();
    }

    private static void WriteBlock(Utf8JsonWriter writer, ChatPart part, string answerId, int index)
    {
        writer.WriteStartObject();
        switch (part)
        {
            case ChatPart.Thinking thinking:
                writer.WriteString("type"u8, "thinking"u8);
                writer.WriteString("thinking"u8, thinking.Value);
                writer.WriteString("signature"u8, thinking.Signature ?? Signatures.Own(answerId, index));
                break;
            case ChatPart.RedactedThinking redacted:
                writer.WriteString("type"u8, "redacted_thinking"u8);
                writer.WriteString("data"u8, redacted.Data);
                break;
            case ChatPart.ToolCall call:
                writer.WriteString("type"u8, "tool_use"u8);
                writer.WriteString("id"u8, ToolCallIds.ForAnthropic(call.Id));
                writer.WriteString("name"u8, call.Name);
                writer.WritePropertyName("input"u8);
                ToolArguments.WriteObject(writer, CustomTools.AsFunction(call).Arguments);
                break;
            default:
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("text"u8, part is ChatPart.Refusal refusal ? refusal.Value : ((ChatPart.Text)part).Value);
                if (part is ChatPart.Text text) WriteCitations(writer, [.. text.Citations.SkipLast(text.LateCitations)]);
                break;
        }

        writer.WriteEndObject();
    }

    /// <summary>As a stream has them, whose blocks are closed by then (<see cref="BlockQueue"/>).</summary>
    private static void WriteLate(Utf8JsonWriter writer, List<ChatCitation> late)
    {
        if (late.Count == 0) return;
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("text"u8, ""u8);
        WriteCitations(writer, late);
        writer.WriteEndObject();
    }

    private static void WriteCitations(Utf8JsonWriter writer, List<ChatCitation> citations)
    {
        if (citations.Count == 0) return;
        writer.WriteStartArray("citations"u8);
        foreach (var citation in citations) Citations.Write(writer, citation);
        writer.WriteEndArray();
    }
}
