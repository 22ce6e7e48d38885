using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>The events of a Messages stream as frames (dialects 2.11).</summary>
internal sealed class EventWriter : IDisposable
{
    private readonly Utf8JsonWriter writer = JsonText.Writer(new ArrayBufferWriter<byte>(16));

    public void MessageStart(IBufferWriter<byte> output, AnthropicWriteOptions options, in ChatUsage usage)
    {
        Begin(output, "message_start"u8);
        writer.WriteStartObject("message"u8);
        writer.WriteString("id"u8, options.Id);
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("model"u8, options.Model);
        writer.WriteStartArray("content"u8);
        writer.WriteEndArray();
        writer.WriteNull("stop_reason"u8);
        writer.WriteNull("stop_sequence"u8);
        UsageFields.Write(writer, usage);
        writer.WriteEndObject();
        End(output);
    }

    public void BlockStart(IBufferWriter<byte> output, int index, BlockKind kind, string id = "", string name = "")
    {
        Begin(output, "content_block_start"u8);
        writer.WriteNumber("index"u8, index);
        writer.WriteStartObject("content_block"u8);
        switch (kind)
        {
            case BlockKind.Text:
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("text"u8, ""u8);
                break;
            case BlockKind.Thinking:
                writer.WriteString("type"u8, "thinking"u8);
                writer.WriteString("thinking"u8, ""u8);
                writer.WriteString("signature"u8, ""u8);
                break;
            case BlockKind.Redacted:
                writer.WriteString("type"u8, "redacted_thinking"u8);
                writer.WriteString("data"u8, id);
                break;
            case BlockKind.Call:
                writer.WriteString("type"u8, "tool_use"u8);
                writer.WriteString("id"u8, id);
                writer.WriteString("name"u8, name);
                writer.WriteStartObject("input"u8);
                writer.WriteEndObject();
                break;
        }

        writer.WriteEndObject();
        End(output);
    }

    public void Delta(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> type, ReadOnlySpan<byte> member, string text)
    {
        Begin(output, "content_block_delta"u8);
        writer.WriteNumber("index"u8, index);
        writer.WriteStartObject("delta"u8);
        writer.WriteString("type"u8, type);
        writer.WriteString(member, text);
        writer.WriteEndObject();
        End(output);
    }

    public void Citation(IBufferWriter<byte> output, int index, ChatCitation citation)
    {
        Begin(output, "content_block_delta"u8);
        writer.WriteNumber("index"u8, index);
        writer.WriteStartObject("delta"u8);
        writer.WriteString("type"u8, "citations_delta"u8);
        writer.WritePropertyName("citation"u8);
        Citations.Write(writer, citation);
        writer.WriteEndObject();
        End(output);
    }

    public void BlockStop(IBufferWriter<byte> output, int index)
    {
        Begin(output, "content_block_stop"u8);
        writer.WriteNumber("index"u8, index);
        End(output);
    }

    public void MessageDelta(IBufferWriter<byte> output, ReadOnlySpan<byte> reason, string? stopSequence, in ChatUsage usage, long? costTicks)
    {
        Begin(output, "message_delta"u8);
        writer.WriteStartObject("delta"u8);
        writer.WriteString("stop_reason"u8, reason);
        writer.WriteString("stop_sequence"u8, stopSequence);
        writer.WriteEndObject();
        UsageFields.Write(writer, usage, costTicks);
        End(output);
    }

    public void MessageStop(IBufferWriter<byte> output)
    {
        Begin(output, "message_stop"u8);
        End(output);
    }

    public void Dispose() => writer.Dispose();

    private void Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> type)
    {
        output.Write("event: "u8);
        output.Write(type);
        output.Write("\ndata: "u8);
        writer.Reset(output);
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
    }

    private void End(IBufferWriter<byte> output)
    {
        writer.WriteEndObject();
        writer.Flush();
        output.Write("\n\n"u8);
    }
}

internal enum BlockKind { Text, Thinking, Redacted, Call }
