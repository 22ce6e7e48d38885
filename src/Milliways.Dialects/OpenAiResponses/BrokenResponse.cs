using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// What is known of a response that goes by as bytes: enough to end it with <c>response.failed</c> and the items that were done, numbered on from the last
/// event (dialects 3.6, 4.13).
/// </summary>
public sealed class BrokenResponse
{
    private readonly List<JsonElement> done = [];
    private JsonElement response;
    private long next;

    /// <summary>An event went by that needs no reading.</summary>
    public void Count() => next++;

    /// <summary>One of the first events, or a done item.</summary>
    public void Take(ReadOnlySpan<byte> data, EventKind kind)
    {
        next++;
        using var document = JsonText.TryParse(data);
        if (document is null) return;
        var body = document.RootElement;
        // Whatever the upstream counts from, the events between are counted on from here.
        if (body.Count("sequence_number") is { } number) next = number + 1;
        if (kind == EventKind.ItemDone && body.Get("item") is { ValueKind: JsonValueKind.Object } item) done.Add(item.Clone());
        if (kind == EventKind.Begun && body.Get("response") is { ValueKind: JsonValueKind.Object } begun) response = begun.Clone();
    }

    /// <summary>False when no response had begun: nothing is written, and a flat error belongs there.</summary>
    public bool Write(Failure failure, IBufferWriter<byte> output)
    {
        if (response.ValueKind != JsonValueKind.Object)
        {
            if (next == 0) return false;
            Errors.WriteEvent(failure, output, next);
            return true;
        }

        output.Write("event: response.failed\ndata: "u8);
        using (var writer = JsonText.Writer(output))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "response.failed"u8);
            writer.WriteNumber("sequence_number"u8, next);
            writer.WriteStartObject("response"u8);
            foreach (var member in response.EnumerateObject())
                if (member.Name is not ("status" or "error" or "output" or "incomplete_details")) member.WriteTo(writer);
            writer.WriteString("status"u8, "failed"u8);
            writer.WriteNull("incomplete_details"u8);
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, Errors.Code(failure));
            writer.WriteString("message"u8, failure.Message);
            writer.WriteEndObject();
            writer.WriteStartArray("output"u8);
            foreach (var item in done) item.WriteTo(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        output.Write("\n\n"u8);
        return true;
    }
}
