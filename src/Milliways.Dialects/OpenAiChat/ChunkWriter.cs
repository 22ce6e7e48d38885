using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>One chat.completion.chunk as one frame (dialects 1.7; xai-api 1.3.8).</summary>
internal sealed class ChunkWriter(OpenAiWriteOptions options) : IDisposable
{
    private readonly Utf8JsonWriter writer = JsonText.Writer(new ArrayBufferWriter<byte>(16));
    private readonly JsonEncodedText id = Encoded(options.Id);
    private readonly JsonEncodedText model = Encoded(options.Model);

    private bool IsXai => options.Flavour == Flavour.Xai;

    /// <summary>Begins a chunk whose delta the caller fills through the writer; <see cref="EndDelta"/> closes it.</summary>
    public Utf8JsonWriter BeginDelta(IBufferWriter<byte> output, int choice)
    {
        Begin(output);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, choice);
        writer.WriteStartObject("delta"u8);
        return writer;
    }

    public void EndDelta(IBufferWriter<byte> output, IReadOnlyList<TokenLogprob>? logprobs = null)
    {
        writer.WriteEndObject();
        if (logprobs is { Count: > 0 }) Logprobs.Write(writer, logprobs);
        EndChoice(output, null, null, []);
    }

    /// <summary>The chunk that closes a choice.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="choice">Which choice.</param>
    /// <param name="reason">Why it ended.</param>
    /// <param name="stopSequence">The text that ended it, if it is known.</param>
    /// <param name="citations">Of the answer, in the last chunk in xAI's flavour (xai-api 1.3.8); else none.</param>
    public void Finish(IBufferWriter<byte> output, int choice, StopReason reason, string? stopSequence, IReadOnlyList<ChatCitation> citations)
    {
        BeginDelta(output, choice).WriteEndObject();
        EndChoice(output, reason, stopSequence, citations);
    }

    /// <summary>The extra chunk with no choices, after the finish chunks.</summary>
    public void Usage(IBufferWriter<byte> output, in ChatUsage usage, long? costTicks, IReadOnlyList<ChatCitation> citations)
    {
        Begin(output);
        writer.WriteEndArray();
        UsageWriter.Write(writer, usage, options.Flavour, costTicks);
        End(output, citations);
    }

    public void Dispose() => writer.Dispose();

    private void Begin(IBufferWriter<byte> output)
    {
        output.Write("data: "u8);
        writer.Reset(output);
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        writer.WriteString("object"u8, "chat.completion.chunk"u8);
        writer.WriteNumber("created"u8, options.Created);
        writer.WriteString("model"u8, model);
        writer.WriteStartArray("choices"u8);
    }

    private void EndChoice(IBufferWriter<byte> output, StopReason? reason, string? stopSequence, IReadOnlyList<ChatCitation> citations)
    {
        // xAI leaves the member out until the closing chunk; OpenAI writes null.
        if (reason is { } given) writer.WriteString("finish_reason"u8, FinishReasons.Write(given));
        else if (!IsXai) writer.WriteNull("finish_reason"u8);
        if (options.TellStopSequence && stopSequence is not null) writer.WriteString("stop_reason"u8, stopSequence);
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (options.IncludeUsage && !IsXai) writer.WriteNull("usage"u8);
        End(output, citations);
    }

    private void End(IBufferWriter<byte> output, IReadOnlyList<ChatCitation> citations)
    {
        if (citations.Count > 0) Annotations.WriteList(writer, citations);
        if (options.Fingerprint is { } fingerprint) writer.WriteString("system_fingerprint"u8, fingerprint);
        writer.WriteEndObject();
        writer.Flush();
        output.Write("\n\n"u8);
    }

    private static JsonEncodedText Encoded(string text) => JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
}
