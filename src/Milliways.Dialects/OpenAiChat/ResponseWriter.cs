using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>A whole chat.completion in either flavour (dialects 1.5; xai-api 1.3.6).</summary>
public static class ResponseWriter
{
    /// <summary>Usage given here outranks the fold's.</summary>
    public static void Write(ChatFold fold, OpenAiWriteOptions options, IBufferWriter<byte> output, ChatUsage? usage = null, long? costTicks = null)
    {
        using var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        writer.WriteString("id"u8, options.Id);
        writer.WriteString("object"u8, "chat.completion"u8);
        writer.WriteNumber("created"u8, options.Created);
        writer.WriteString("model"u8, options.Model);
        writer.WriteStartArray("choices"u8);
        var choices = fold.Choices;
        foreach (var choice in choices) WriteChoice(writer, choice, options);
        if (choices.Count == 0) WriteChoice(writer, new ChatAnswer(0, [], StopReason.EndTurn, null), options);
        writer.WriteEndArray();
        UsageWriter.Write(writer, usage ?? fold.Usage ?? default, options.Flavour, costTicks);
        if (options.Flavour == Flavour.Xai && choices.SelectMany(Citations).ToList() is { Count: > 0 } citations) Annotations.WriteList(writer, citations);
        if (options.Fingerprint is { } fingerprint) writer.WriteString("system_fingerprint"u8, fingerprint);
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ChatAnswer choice, OpenAiWriteOptions options)
    {
        var flavour = options.Flavour;
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, choice.Index);
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);

        var text = choice.Text;
        var calls = choice.Parts.OfType<ChatPart.ToolCall>().ToList();
        // No text is null in OpenAI's flavour; xAI was recorded with "" (xai-api 1.3.6).
        if (text.Length > 0 || flavour == Flavour.Xai) writer.WriteString("content"u8, text);
        else writer.WriteNull("content"u8);

        // The same name as in the stream (CHK-14).
        var reasoning = string.Concat(choice.Parts.OfType<ChatPart.Thinking>().Select(part => part.Value));
        if (reasoning.Length > 0) writer.WriteString("reasoning_content"u8, reasoning);

        var refusal = string.Concat(choice.Parts.OfType<ChatPart.Refusal>().Select(part => part.Value));
        writer.WriteString("refusal"u8, refusal.Length > 0 ? refusal : null);
        if (calls.Count > 0) WriteCalls(writer, calls);
        if (flavour == Flavour.OpenAi && Citations(choice).ToList() is { Count: > 0 } citations) Annotations.Write(writer, citations);
        writer.WriteEndObject();
        var logprobs = choice.Parts.OfType<ChatPart.Text>().SelectMany(part => part.Logprobs).ToList();
        if (logprobs.Count > 0) Logprobs.Write(writer, logprobs);
        else if (flavour == Flavour.OpenAi) writer.WriteNull("logprobs"u8);
        writer.WriteString("finish_reason"u8, FinishReasons.Write(choice.Reason));
        if (options.TellStopSequence && choice.StopSequence is { } stop) writer.WriteString("stop_reason"u8, stop);
        writer.WriteEndObject();
    }

    private static IEnumerable<ChatCitation> Citations(ChatAnswer choice) => choice.Parts.OfType<ChatPart.Text>().SelectMany(part => part.Citations);

    private static void WriteCalls(Utf8JsonWriter writer, List<ChatPart.ToolCall> calls)
    {
        writer.WriteStartArray("tool_calls"u8);
        foreach (var call in calls) CallWriter.Write(writer, call);
        writer.WriteEndArray();
    }
}
