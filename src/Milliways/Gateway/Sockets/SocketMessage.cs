using System.Text.Json;

namespace Milliways.Gateway.Sockets;

/// <summary>A client's message: <c>{"type":"universal.create","request":{...}}</c> (cloudflare 1.9).</summary>
/// <param name="EventId">Of the request; null: it has none.</param>
/// <param name="Request">One step, or several, as the bytes that were sent.</param>
internal sealed record SocketMessage(string? EventId, ReadOnlyMemory<byte> Request)
{
    private const int LongestEventId = 1024;

    /// <summary>A failure comes with the message's event id as far as it could be read.</summary>
    public static (SocketMessage? Message, string? EventId, string? Wrong) Read(ReadOnlyMemory<byte> text)
    {
        string? type = null, eventId = null;
        ReadOnlyMemory<byte>? request = null;
        try
        {
            var reader = new Utf8JsonReader(text.Span, new JsonReaderOptions { MaxDepth = 256 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return (null, null, "A message must be an object with type and request.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isType, isRequest) = (reader.ValueTextEquals("type"u8), reader.ValueTextEquals("request"u8));
                reader.Read();
                if (isType && reader.TokenType == JsonTokenType.String)
                    type = reader.GetString();
                var start = (int)reader.TokenStartIndex;
                if (isRequest && reader.TokenType == JsonTokenType.StartObject)
                    eventId = EventIdOf(reader);
                reader.Skip();
                if (isRequest)
                    request = text[start..(int)reader.BytesConsumed];
            }
            reader.Read(); // what stands behind the value is no JSON
        }
        catch (JsonException broken)
        {
            return (null, eventId, $"The message is not JSON: byte {broken.BytePositionInLine + 1} of line {broken.LineNumber + 1} cannot be read.");
        }
        catch (InvalidOperationException) // how the reader tells of an escape that is half a character
        {
            return (null, eventId, "The message has an escape such as \\ud800 that is half a character: write its other half too.");
        }
        return type != "universal.create" ? (null, eventId, "type must be universal.create.")
            : request is null ? (null, eventId, "request is missing: it must be {provider, endpoint, headers, query}.")
            : (new SocketMessage(eventId, request.Value), eventId, null);
    }

    /// <param name="reader">At the request's beginning; a copy, so that nothing moves.</param>
    private static string? EventIdOf(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isId = reader.ValueTextEquals("eventId"u8);
            reader.Read();
            if (isId && reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 and <= LongestEventId } id && !id.AsSpan().ContainsAny('\r', '\n', '\0'))
                return id;
            reader.Skip();
        }
        return null;
    }
}
