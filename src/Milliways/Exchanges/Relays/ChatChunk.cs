using System.Text.Json;

namespace Milliways.Exchanges.Relays;

/// <summary>Looks at single chunks of a Chat stream.</summary>
internal static class ChatChunk
{
    /// <summary>True for a chunk whose <c>choices</c> is an empty list, null or absent.</summary>
    public static bool HasNoChoices(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var choices = reader.ValueTextEquals("choices"u8);
            reader.Read();
            if (choices)
                return reader.TokenType == JsonTokenType.Null || (reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.EndArray);
            reader.Skip();
        }
        return true;
    }
}
