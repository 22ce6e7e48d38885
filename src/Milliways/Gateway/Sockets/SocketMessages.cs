using System.Buffers;
using System.Text.Json;

namespace Milliways.Gateway.Sockets;

/// <summary>What a message says about its request (cloudflare 1.9).</summary>
/// <param name="EventId">The client's, or the log's id.</param>
/// <param name="LogId">Null: the request is not logged.</param>
internal sealed record SocketFacts(string EventId, string? LogId, string Step, string ContentType, int Status)
{
    /// <summary>As the header has it; null: no cache was asked.</summary>
    public string? CacheStatus { get; init; }
}

/// <summary>Writes the messages of the socket for requests (cloudflare 1.9).</summary>
internal static class SocketMessages
{
    public static ArrayBufferWriter<byte> Created(SocketFacts facts, ReadOnlySpan<byte> response) => Write("universal.created", facts, response, isWhole: true);

    public static ArrayBufferWriter<byte> Begun(SocketFacts facts) => Write("universal.created", facts, default, isWhole: false);

    public static ArrayBufferWriter<byte> Done(SocketFacts facts) => Write("universal.done", facts, default, isWhole: false);

    /// <summary>Ours: what went wrong, as the body that a POST would have been answered with.</summary>
    public static ArrayBufferWriter<byte> Error(SocketFacts facts, ReadOnlySpan<byte> response) => Write("universal.error", facts, response, isWhole: true);

    public static ArrayBufferWriter<byte> Piece(string eventId, ReadOnlySpan<byte> data)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "universal.stream"u8);
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("eventId"u8, eventId);
        writer.WriteEndObject();
        Response(writer, data, isJson: true);
        writer.WriteEndObject();
        return output;
    }

    private static ArrayBufferWriter<byte> Write(string type, SocketFacts facts, ReadOnlySpan<byte> response, bool isWhole)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteStartObject("metadata"u8);
        if (facts.CacheStatus is { } cache)
            writer.WriteString("cacheStatus"u8, cache);
        writer.WriteString("eventId"u8, facts.EventId);
        if (facts.LogId is { } id)
            writer.WriteString("logId"u8, id);
        writer.WriteString("step"u8, facts.Step);
        writer.WriteString("contentType"u8, facts.ContentType);
        if (type == "universal.error")
            writer.WriteNumber("status"u8, facts.Status);
        writer.WriteEndObject();
        if (isWhole)
            Response(writer, response, facts.ContentType.Contains("json", StringComparison.OrdinalIgnoreCase));
        writer.WriteEndObject();
        return output;
    }

    /// <summary>JSON as it is; other text as a string, and what is no text in base64.</summary>
    private static void Response(Utf8JsonWriter writer, ReadOnlySpan<byte> response, bool isJson)
    {
        writer.WritePropertyName("response"u8);
        if (isJson && IsJson(response))
            writer.WriteRawValue(response, skipInputValidation: true);
        else if (System.Text.Unicode.Utf8.IsValid(response))
            writer.WriteStringValue(response);
        else
            writer.WriteBase64StringValue(response);
    }

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = 256 });
            if (!reader.Read())
                return false;
            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
