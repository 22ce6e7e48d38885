using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>The events of a Responses stream as frames, numbered from 0 without gaps (dialects 3.6).</summary>
internal sealed class EventWriter : IDisposable
{
    private readonly Utf8JsonWriter writer = JsonText.Writer(new ArrayBufferWriter<byte>(16));
    private long number;

    /// <summary>An event that carries the whole response.</summary>
    public void Response(IBufferWriter<byte> output, ReadOnlySpan<byte> type, ResponseBody body, in ResponseState state)
    {
        Begin(output, type);
        writer.WritePropertyName("response"u8);
        body.Write(writer, state);
        End(output);
    }

    public void ItemAdded(IBufferWriter<byte> output, OutputItem item)
    {
        Begin(output, "response.output_item.added"u8);
        writer.WriteNumber("output_index"u8, item.Index);
        writer.WritePropertyName("item"u8);
        ItemWriter.WriteBegun(writer, item);
        End(output);
    }

    public void ItemDone(IBufferWriter<byte> output, OutputItem item)
    {
        Begin(output, "response.output_item.done"u8);
        writer.WriteNumber("output_index"u8, item.Index);
        writer.WritePropertyName("item"u8);
        ItemWriter.Write(writer, item);
        End(output);
    }

    public void PartAdded(IBufferWriter<byte> output, OutputItem item, OutputPart part, int position)
    {
        BeginIn(output, "response.content_part.added"u8, item);
        writer.WriteNumber("content_index"u8, position);
        writer.WritePropertyName("part"u8);
        ItemWriter.WritePart(writer, part, isBegun: true);
        End(output);
    }

    public void PartDelta(IBufferWriter<byte> output, OutputItem item, OutputPart part, int position, string text, IReadOnlyList<TokenLogprob> logprobs)
    {
        BeginIn(output, part.IsRefusal ? "response.refusal.delta"u8 : "response.output_text.delta"u8, item);
        writer.WriteNumber("content_index"u8, position);
        writer.WriteString("delta"u8, text);
        if (!part.IsRefusal) ItemWriter.WriteLogprobs(writer, logprobs);
        End(output);
    }

    public void Annotation(IBufferWriter<byte> output, OutputItem item, OutputPart part, int position, int annotation)
    {
        BeginIn(output, "response.output_text.annotation.added"u8, item);
        writer.WriteNumber("content_index"u8, position);
        writer.WriteNumber("annotation_index"u8, annotation);
        writer.WritePropertyName("annotation"u8);
        ItemWriter.WriteCitation(writer, part, part.Citations[annotation]);
        End(output);
    }

    /// <summary>The whole text once more, and the whole part.</summary>
    public void PartDone(IBufferWriter<byte> output, OutputItem item, OutputPart part, int position)
    {
        BeginIn(output, part.IsRefusal ? "response.refusal.done"u8 : "response.output_text.done"u8, item);
        writer.WriteNumber("content_index"u8, position);
        writer.WriteString(part.IsRefusal ? "refusal"u8 : "text"u8, part.Value.ToString());
        if (!part.IsRefusal) ItemWriter.WriteLogprobs(writer, part.Logprobs);
        End(output);
        BeginIn(output, "response.content_part.done"u8, item);
        writer.WriteNumber("content_index"u8, position);
        writer.WritePropertyName("part"u8);
        ItemWriter.WritePart(writer, part);
        End(output);
    }

    public void SummaryAdded(IBufferWriter<byte> output, OutputItem item)
    {
        BeginIn(output, "response.reasoning_summary_part.added"u8, item);
        writer.WriteNumber("summary_index"u8, 0);
        writer.WritePropertyName("part"u8);
        ItemWriter.WriteSummary(writer, "");
        End(output);
    }

    public void SummaryDone(IBufferWriter<byte> output, OutputItem item)
    {
        var text = item.Value.ToString();
        BeginIn(output, "response.reasoning_summary_text.done"u8, item);
        writer.WriteNumber("summary_index"u8, 0);
        writer.WriteString("text"u8, text);
        End(output);
        BeginIn(output, "response.reasoning_summary_part.done"u8, item);
        writer.WriteNumber("summary_index"u8, 0);
        writer.WritePropertyName("part"u8);
        ItemWriter.WriteSummary(writer, text);
        End(output);
    }

    /// <summary>A piece of reasoning, arguments or a custom call's input.</summary>
    public void ValueDelta(IBufferWriter<byte> output, OutputItem item, string text)
    {
        BeginIn(output, item.Kind switch
        {
            ItemKind.Reasoning => "response.reasoning_summary_text.delta"u8,
            ItemKind.Call => "response.function_call_arguments.delta"u8,
            _ => "response.custom_tool_call_input.delta"u8,
        }, item);
        if (item.Kind == ItemKind.Reasoning) writer.WriteNumber("summary_index"u8, 0);
        writer.WriteString("delta"u8, text);
        End(output);
    }

    public void CallDone(IBufferWriter<byte> output, OutputItem item)
    {
        if (item.Kind == ItemKind.Call)
        {
            BeginIn(output, "response.function_call_arguments.done"u8, item);
            writer.WriteString("name"u8, item.Name);
            writer.WriteString("arguments"u8, item.Text);
        }
        else
        {
            BeginIn(output, "response.custom_tool_call_input.done"u8, item);
            writer.WriteString("input"u8, item.Text);
        }

        End(output);
    }

    public void Dispose() => writer.Dispose();

    private void BeginIn(IBufferWriter<byte> output, ReadOnlySpan<byte> type, OutputItem item)
    {
        Begin(output, type);
        writer.WriteString("item_id"u8, item.Id);
        writer.WriteNumber("output_index"u8, item.Index);
    }

    private void Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> type)
    {
        output.Write("event: "u8);
        output.Write(type);
        output.Write("\ndata: "u8);
        writer.Reset(output);
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteNumber("sequence_number"u8, number++);
    }

    private void End(IBufferWriter<byte> output)
    {
        writer.WriteEndObject();
        writer.Flush();
        output.Write("\n\n"u8);
    }
}
