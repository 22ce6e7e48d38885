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

    public void EndDelta(IBufferWriter<byte> output, StopReason? reason = null, string? stopSequence = null)
    {
        writer.WriteEndObject();
        // xAI leaves the member out until the closing chunk; OpenAI writes null.
        if (reason is { } given) writer.WriteString("finish_reason"u8, FinishReasons.Write(given));
        else if (!IsXai) writer.WriteNull("finish_reason"u8);
        if (options.TellStopSequence && stopSequence is not null) writer.WriteString("stop_reason"u8, stopSequence);
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (options.IncludeUsage && !IsXai) writer.WriteNull("usage"u8);
        End(output);
    }

    /// <summary>The extra chunk with no choices, after the finish chunks.</summary>
    public void Usage(IBufferWriter<byte> output, in ChatUsage usage, long? costTicks)
    {
        Begin(output);
        writer.WriteEndArray();
        UsageWriter.Write(writer, usage, options.Flavour, costTicks);
        End(output);
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

    private void End(IBufferWriter<byte> output)
    {
        if (options.Fingerprint is { } fingerprint) writer.WriteString("system_fingerprint"u8, fingerprint);
        writer.WriteEndObject();
        writer.Flush();
        output.Write("\n\n"u8);
    }

    private static JsonEncodedText Encoded(string text) => JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
}
