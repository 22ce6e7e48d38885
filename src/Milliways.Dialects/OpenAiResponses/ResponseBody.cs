using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

internal enum ResponseStatus { InProgress, Completed, Incomplete, Failed }

/// <summary>What of a response changes while it is made.</summary>
internal readonly record struct ResponseState(ResponseStatus Status, IReadOnlyList<OutputItem> Items)
{
    /// <summary>Null until the end (dialects 3.5).</summary>
    public ChatUsage? Usage { get; init; }

    public long? CostTicks { get; init; }

    /// <summary>Why it is incomplete.</summary>
    public StopReason Reason { get; init; }

    public Failure? Failure { get; init; }
}

/// <summary>
/// The response object (dialects 3.5; xai-api 1.6.2): the same in the first events, in the last one and as a whole answer. What the request said is
/// repeated as it was said; what it left out is the dialect's default.
/// </summary>
internal sealed class ResponseBody(AnswerFacts facts)
{
    public void Write(Utf8JsonWriter writer, in ResponseState state)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, facts.Id);
        writer.WriteString("object"u8, "response"u8);
        writer.WriteNumber("created_at"u8, facts.Created);
        writer.WriteString("status"u8, state.Status switch
        {
            ResponseStatus.InProgress => "in_progress"u8,
            ResponseStatus.Completed => "completed"u8,
            ResponseStatus.Incomplete => "incomplete"u8,
            _ => "failed"u8,
        });
        Flag(writer, "background", false);
        WriteEnd(writer, state);
        Repeat(writer, "instructions");
        Repeat(writer, "max_output_tokens");
        Repeat(writer, "max_tool_calls");
        writer.WriteString("model"u8, facts.Model);
        writer.WriteStartArray("output"u8);
        foreach (var item in state.Items) ItemWriter.Write(writer, item);
        writer.WriteEndArray();
        Flag(writer, "parallel_tool_calls", true);
        Repeat(writer, "previous_response_id");
        Repeat(writer, "prompt_cache_key");
        WriteReasoning(writer);
        Repeat(writer, "safety_identifier");
        Text(writer, "service_tier", "default");
        Flag(writer, "store", true);
        if (!Repeat(writer, "temperature", orNull: false)) writer.WriteNumber("temperature"u8, 1);
        WriteText(writer);
        Text(writer, "tool_choice", "auto");
        if (!Repeat(writer, "tools", orNull: false)) Empty(writer, "tools"u8);
        if (!Repeat(writer, "top_logprobs", orNull: false)) writer.WriteNumber("top_logprobs"u8, 0);
        if (!Repeat(writer, "top_p", orNull: false)) writer.WriteNumber("top_p"u8, 1);
        Text(writer, "truncation", "disabled");
        if (state.Usage is { } usage) UsageWriter.Write(writer, usage, facts.Flavour, state.CostTicks);
        else writer.WriteNull("usage"u8);
        Repeat(writer, "user");
        if (!Repeat(writer, "metadata", orNull: false))
        {
            writer.WriteStartObject("metadata"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteEnd(Utf8JsonWriter writer, in ResponseState state)
    {
        if (state.Failure is { } failure)
        {
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, Errors.Code(failure));
            writer.WriteString("message"u8, failure.Message);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("error"u8);
        }

        if (state.Status == ResponseStatus.Incomplete)
        {
            writer.WriteStartObject("incomplete_details"u8);
            writer.WriteString("reason"u8, state.Reason == StopReason.ContentFilter ? "content_filter"u8 : "max_output_tokens"u8);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("incomplete_details"u8);
        }
    }

    private void WriteReasoning(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("reasoning"u8);
        var asked = facts.Request.Repeated.GetValueOrDefault("reasoning");
        writer.WriteString("effort"u8, asked.Text("effort"));
        writer.WriteString("summary"u8, asked.Text("summary") ?? asked.Text("generate_summary"));
        writer.WriteEndObject();
    }

    private void WriteText(Utf8JsonWriter writer)
    {
        var asked = facts.Request.Repeated.GetValueOrDefault("text");
        writer.WriteStartObject("text"u8);
        if (asked.Get("format") is { ValueKind: JsonValueKind.Object } format)
        {
            writer.WritePropertyName("format"u8);
            format.WriteTo(writer);
        }
        else
        {
            writer.WriteStartObject("format"u8);
            writer.WriteString("type"u8, "text"u8);
            writer.WriteEndObject();
        }

        if (asked.Text("verbosity") is { } verbosity) writer.WriteString("verbosity"u8, verbosity);
        writer.WriteEndObject();
    }

    private void Flag(Utf8JsonWriter writer, string name, bool otherwise)
    {
        if (!Repeat(writer, name, orNull: false)) writer.WriteBoolean(name, otherwise);
    }

    private void Text(Utf8JsonWriter writer, string name, string otherwise)
    {
        if (!Repeat(writer, name, orNull: false)) writer.WriteString(name, otherwise);
    }

    private bool Repeat(Utf8JsonWriter writer, string name, bool orNull = true)
    {
        if (facts.Request.Repeated.TryGetValue(name, out var value))
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
            return true;
        }

        if (orNull) writer.WriteNull(name);
        return false;
    }

    private static void Empty(Utf8JsonWriter writer, ReadOnlySpan<byte> name)
    {
        writer.WriteStartArray(name);
        writer.WriteEndArray();
    }
}
