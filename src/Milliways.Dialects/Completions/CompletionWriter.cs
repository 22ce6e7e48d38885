using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.OpenAiChat;

namespace Milliways.Dialects.Completions;

/// <summary>One <c>text_completion</c> object, whole or as a chunk: both have the same shape (xai-api 1.4).</summary>
internal static class CompletionWriter
{
    public static Utf8JsonWriter Begin(IBufferWriter<byte> output, AnswerFacts facts)
    {
        var writer = JsonText.Writer(output);
        writer.WriteStartObject();
        writer.WriteString("id"u8, facts.Id);
        writer.WriteString("object"u8, "text_completion"u8);
        writer.WriteNumber("created"u8, facts.Created);
        writer.WriteString("model"u8, facts.Model);
        writer.WriteStartArray("choices"u8);
        return writer;
    }

    /// <param name="writer">Inside the list of choices.</param>
    /// <param name="index">Which choice.</param>
    /// <param name="text">Its text, or a piece of it.</param>
    /// <param name="logprobs">Of the text's tokens.</param>
    /// <param name="offset">Characters of the choice's text before the first of those tokens.</param>
    /// <param name="reason">Null while the choice goes on.</param>
    public static void Choice(Utf8JsonWriter writer, int index, string text, IReadOnlyList<TokenLogprob> logprobs, int offset, StopReason? reason)
    {
        writer.WriteStartObject();
        writer.WriteString("text"u8, text);
        writer.WriteNumber("index"u8, index);
        if (logprobs.Count > 0) Logprobs(writer, logprobs, offset);
        else writer.WriteNull("logprobs"u8);
        // No tool can be called here: what would be a call is an ordinary end.
        if (reason is { } given) writer.WriteString("finish_reason"u8, FinishReasons.Write(given == StopReason.ToolUse ? StopReason.EndTurn : given));
        else writer.WriteNull("finish_reason"u8);
        writer.WriteEndObject();
    }

    public static void End(Utf8JsonWriter writer, AnswerFacts facts, ChatUsage? usage, long? costTicks = null)
    {
        writer.WriteEndArray();
        if (usage is { } counted) UsageWriter.Write(writer, counted, facts.Flavour, costTicks);
        if (facts.Fingerprint is { } fingerprint) writer.WriteString("system_fingerprint"u8, fingerprint);
        writer.WriteEndObject();
        writer.Flush();
    }

    /// <summary>The prompt, which an answer with <c>echo</c> begins with; otherwise nothing.</summary>
    public static string Echoed(AnswerFacts facts) => facts.Request.Echo ? string.Concat(facts.Request.Messages.Select(message => message.Text)) : "";

    /// <summary>The old shape: four lists side by side.</summary>
    private static void Logprobs(Utf8JsonWriter writer, IReadOnlyList<TokenLogprob> logprobs, int offset)
    {
        writer.WriteStartObject("logprobs"u8);
        writer.WriteStartArray("tokens"u8);
        foreach (var token in logprobs) writer.WriteStringValue(token.Token);
        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs"u8);
        foreach (var token in logprobs) writer.WriteNumberValue(token.Logprob);
        writer.WriteEndArray();
        writer.WriteStartArray("top_logprobs"u8);
        foreach (var token in logprobs)
        {
            writer.WriteStartObject();
            // A text is one member, however many tokens show it: two pieces of characters may look alike.
            foreach (var likely in token.Top.DistinctBy(likely => likely.Token)) writer.WriteNumber(likely.Token, likely.Logprob);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("text_offset"u8);
        foreach (var token in logprobs)
        {
            writer.WriteNumberValue(offset);
            offset += token.Token.Length;
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
