using System.Text.Json;
using Milliways.Dialects.Json;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>What an event is to a relay that passes a Responses stream on as bytes.</summary>
public enum EventKind
{
    /// <summary>A piece of the answer, or an announcement: it goes on unread.</summary>
    Content,

    /// <summary>The first events, with the response as it begins.</summary>
    Begun,

    /// <summary>An item with all that it has.</summary>
    ItemDone,

    /// <summary>A terminal event, an error, or something without a type: worth reading.</summary>
    End,

    /// <summary>Goes on unread and is no part of the answer.</summary>
    Other,
}

/// <summary>Tells events apart without reading them: most are told by their event line.</summary>
public static class EventFacts
{
    public static EventKind KindOf(in SseFrame frame)
    {
        if (!frame.Event.IsEmpty) return KindOf(frame.Event);
        // Compatible servers leave the event line away (dialects 6.2).
        return TypeOf(frame.Data) is { } type ? KindOf(System.Text.Encoding.UTF8.GetBytes(type)) : EventKind.End;
    }

    /// <summary>False for the half of an event.</summary>
    public static bool IsJson(ReadOnlySpan<byte> data)
    {
        using var document = JsonText.TryParse(data);
        return document is not null;
    }

    private static EventKind KindOf(ReadOnlySpan<byte> type)
    {
        if (!type.StartsWith("response."u8)) return EventKind.End;
        var name = type["response."u8.Length..];
        if (name.EndsWith(".delta"u8)) return EventKind.Content;
        return name switch
        {
            _ when name.SequenceEqual("created"u8) || name.SequenceEqual("in_progress"u8) || name.SequenceEqual("queued"u8) => EventKind.Begun,
            _ when name.SequenceEqual("output_item.done"u8) => EventKind.ItemDone,
            _ when name.SequenceEqual("output_item.added"u8) || name.SequenceEqual("output_text.done"u8) => EventKind.Content,
            _ when !name.Contains((byte)'.') => EventKind.End,
            _ => EventKind.Other,
        };
    }

    /// <summary>The <c>type</c> of an event, which stands first or nearly so; null when it has none.</summary>
    private static string? TypeOf(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 320 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = reader.ValueTextEquals("type"u8);
                reader.Read();
                if (isType) return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                reader.Skip();
            }
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // Half of an event, or half of a character: its reader tells.
        }

        return null;
    }
}
