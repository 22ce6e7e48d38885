using System.Text.Json;
using Milliways.Dialects.Sse;

namespace Milliways.Api.Responses;

/// <summary>Response objects as JSON: found at the end of an answer, changed, and made for an answer that is still to come (dialects 3.5).</summary>
internal static class ResponseObject
{
    /// <summary>Members of the request that the object repeats, each with what stands there when the caller said nothing.</summary>
    private static readonly (string Name, byte[] Default)[] Repeated =
    [
        ("instructions", [.. "null"u8]), ("max_output_tokens", [.. "null"u8]), ("model", [.. "null"u8]), ("parallel_tool_calls", [.. "true"u8]),
        ("reasoning", [.. """{"effort":null,"summary":null}"""u8]), ("temperature", [.. "1.0"u8]), ("text", [.. """{"format":{"type":"text"}}"""u8]),
        ("tool_choice", [.. "\"auto\""u8]), ("tools", [.. "[]"u8]), ("top_p", [.. "1.0"u8]), ("truncation", [.. "\"disabled\""u8]), ("user", [.. "null"u8]),
        ("metadata", [.. "{}"u8]),
    ];

    /// <summary>The object at the end of an answer: a whole body, or the last event of a stream; null when there is none.</summary>
    public static byte[]? AtEnd(ReadOnlySpan<byte> tail)
    {
        if (tail.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
            return tail.ToArray();
        byte[]? found = null;
        var frames = new SseReader();
        while (frames.TryReadFrame(tail, out var frame))
        {
            if (frame.HasData && Inside(frame.Data) is { } response)
                found = response;
            tail = tail[frame.Length..];
        }
        return found;
    }

    public static string? Text(ReadOnlySpan<byte> response, string member)
    {
        using var document = Parse(response);
        return document.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    /// <summary>What it was charged, in ticks; null: it does not say.</summary>
    public static long? CostOf(ReadOnlySpan<byte> answer)
    {
        using var document = Parse(answer);
        return document.RootElement.TryGetProperty("usage"u8, out var usage) && usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty("cost_in_usd_ticks"u8, out var cost) && cost.TryGetInt64(out var ticks)
            ? ticks : null;
    }

    public static bool IsFalse(ReadOnlySpan<byte> response, string member)
    {
        using var document = Parse(response);
        return document.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.False;
    }

    /// <summary>The object with some members given other values, each JSON.</summary>
    public static byte[] With(ReadOnlySpan<byte> response, params ReadOnlySpan<(string Name, string Json)> members)
    {
        using var document = Parse(response);
        return Write(writer =>
        {
            foreach (var member in document.RootElement.EnumerateObject())
                member.WriteTo(writer);
        }, members);
    }

    /// <summary>The object of a response that has not been answered yet.</summary>
    public static byte[] Begun(ReadOnlySpan<byte> request, string id, long created, string? previous, string status)
    {
        using var document = Parse(request);
        return Write(writer =>
        {
            writer.WriteString("id"u8, id);
            writer.WriteString("object"u8, "response"u8);
            writer.WriteNumber("created_at"u8, created);
            writer.WriteString("status"u8, status);
            writer.WriteBoolean("background"u8, true);
            writer.WriteBoolean("store"u8, true);
            writer.WriteNull("error"u8);
            writer.WriteNull("incomplete_details"u8);
            writer.WriteString("previous_response_id"u8, previous);
            writer.WriteStartArray("output"u8);
            writer.WriteEndArray();
            writer.WriteNull("usage"u8);
            foreach (var (name, missing) in Repeated)
            {
                writer.WritePropertyName(name);
                if (document.RootElement.TryGetProperty(name, out var given) && given.ValueKind != JsonValueKind.Null)
                    given.WriteTo(writer);
                else
                    writer.WriteRawValue(missing);
            }
        }, []);
    }

    /// <summary>The object of a response that came to nothing.</summary>
    public static byte[] Failed(ReadOnlySpan<byte> begun, string code, string message) => With(begun,
        ("status", "\"failed\""), ("error", $$"""{"code":{{Quote(code)}},"message":{{Quote(message)}}}"""));

    /// <summary>The message of an error body of any flavour.</summary>
    public static string ErrorMessage(ReadOnlySpan<byte> error)
    {
        if (error.IsEmpty)
            return "An internal error occurred.";
        using var document = Parse(error);
        var value = document.RootElement.TryGetProperty("error", out var inner) ? inner : default;
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Object when value.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String => message.GetString()!,
            _ => "The response failed.",
        };
    }

    public static string Quote(string text) => $"\"{JsonEncodedText.Encode(text)}\"";

    internal static JsonDocument Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 320 });
        return JsonDocument.ParseValue(ref reader);
    }

    private static byte[]? Inside(ReadOnlySpan<byte> data)
    {
        if (!data.TrimStart((byte)' ').StartsWith("{"u8))
            return null;
        using var document = Parse(data);
        return document.RootElement.TryGetProperty("response", out var response) && response.ValueKind == JsonValueKind.Object
            ? System.Text.Encoding.UTF8.GetBytes(response.GetRawText()) : null;
    }

    private static byte[] Write(Action<Utf8JsonWriter> members, ReadOnlySpan<(string Name, string Json)> others)
    {
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { MaxDepth = 320, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        ReadOnlyMemory<byte> json = output.ToArray();
        foreach (var (name, value) in others)
            json = Exchanges.BodyMembers.With(json, System.Text.Encoding.UTF8.GetBytes(name), System.Text.Encoding.UTF8.GetBytes(value));
        return json.ToArray();
    }
}
