using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// The items that a request itself brought, as a server keeps them for <c>previous_response_id</c> and lists them (dialects 3.1, 3.7): every item with its
/// type and an id, a string as the message it stands for.
/// </summary>
public static class InputItems
{
    /// <summary>Writes a JSON array; an empty one when the body has no input. Every other member of an item stays as it was.</summary>
    /// <param name="body">A request that was read without a failure.</param>
    /// <param name="responseId">The id of its answer, from which ids that are missing are made.</param>
    /// <param name="output">Takes the array.</param>
    public static void Write(ReadOnlySpan<byte> body, string responseId, IBufferWriter<byte> output)
    {
        using var document = JsonText.TryParse(body);
        var input = document?.RootElement.Get("input") ?? default;
        using var writer = JsonText.Writer(output);
        writer.WriteStartArray();
        if (input.ValueKind == JsonValueKind.String)
        {
            Begin(writer, "message", responseId, 0);
            writer.WriteString("role"u8, "user"u8);
            WriteText(writer, "user", JsonText.Of(input));
            writer.WriteEndObject();
        }
        else if (input.ValueKind == JsonValueKind.Array)
        {
            var position = 0;
            foreach (var item in input.EnumerateArray())
                if (item.ValueKind == JsonValueKind.Object) WriteItem(writer, item, responseId, position++);
        }

        writer.WriteEndArray();
    }

    private static void WriteItem(Utf8JsonWriter writer, JsonElement item, string responseId, int position)
    {
        var type = item.Text("type") ?? (item.Has("role") ? "message" : "item_reference");
        if (item.Text("id") is { Length: > 0 } id)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, id);
            writer.WriteString("type"u8, type);
        }
        else
        {
            Begin(writer, type, responseId, position);
        }

        foreach (var member in item.EnumerateObject())
        {
            if (member.Name is "id" or "type") continue;
            // The easy form of a message is listed in the full one.
            if (type == "message" && member.NameEquals("content"u8) && member.Value.ValueKind == JsonValueKind.String)
                WriteText(writer, item.Text("role"), JsonText.Of(member.Value));
            else
                member.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string? role, string text)
    {
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, role == "assistant" ? "output_text"u8 : "input_text"u8);
        writer.WriteString("text"u8, text);
        if (role == "assistant")
        {
            writer.WriteStartArray("annotations"u8);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void Begin(Utf8JsonWriter writer, string type, string responseId, int position)
    {
        var prefix = type switch
        {
            "message" => "msg_",
            "reasoning" => "rs_",
            "function_call" => "fc_",
            "function_call_output" => "fco_",
            "custom_tool_call" => "ctc_",
            "custom_tool_call_output" => "ctco_",
            _ => "item_",
        };
        writer.WriteStartObject();
        writer.WriteString("id"u8, $"{prefix}{ItemIds.Stem(responseId)}_in{JsonText.Number(position)}");
        writer.WriteString("type"u8, type);
    }
}
