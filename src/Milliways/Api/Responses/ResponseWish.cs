using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Stored;

namespace Milliways.Api.Responses;

/// <summary>What a Responses request wants of the store, read beside the dialect's own reading (dialects 3.2, 3.7).</summary>
internal sealed record ResponseWish
{
    /// <summary>The answer is kept for 30 days; so by default (xai-api 1.6.1).</summary>
    public bool Stores { get; init; } = true;

    /// <summary>The caller is answered at once and asks again later.</summary>
    public bool IsBackground { get; init; }

    public string? PreviousId { get; init; }

    /// <summary>The value of <c>input</c> as a JSON array of items.</summary>
    public required byte[] Input { get; init; }

    /// <summary>The first member or item that points at what a provider keeps: <c>conversation</c>, <c>prompt</c>, or a reference such as <c>input[3]</c>.</summary>
    public string? AtProvider { get; init; }

    /// <summary>The conversation before this request, oldest first; empty when it begins one.</summary>
    public IReadOnlyList<StoredAnswer> Earlier { get; init; } = [];

    /// <summary>Reads these members; what is wrong with any other is the dialect's to say.</summary>
    public static Reading<ResponseWish> Read(ReadOnlySpan<byte> body)
    {
        var (stores, background, previous, input) = (true, false, (string?)null, (byte[])[.. "[]"u8]);
        var hasInput = false;
        string? atProvider = null;
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 320 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            var token = reader.TokenType;
            switch (name)
            {
                case "store" or "background" when token is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null):
                    return Failure.Unprocessable($"`{name}` must be a boolean.", name);
                case "store":
                    stores = token != JsonTokenType.False;
                    break;
                case "background":
                    background = token == JsonTokenType.True;
                    break;
                case "previous_response_id" when token is not (JsonTokenType.String or JsonTokenType.Null):
                    return Failure.Unprocessable("`previous_response_id` must be a text.", name);
                case "previous_response_id":
                    previous = reader.GetString();
                    break;
                case "input" when token is not (JsonTokenType.String or JsonTokenType.StartArray or JsonTokenType.Null):
                    return Failure.Unprocessable("`input` must be a text or a list of items.", name);
                case "conversation" or "prompt" when token != JsonTokenType.Null:
                    atProvider ??= name;
                    break;
                case "input" when token == JsonTokenType.StartArray:
                    atProvider ??= FirstReference(ref reader);
                    break;
            }
            reader.Skip();
            hasInput |= name == "input" && token != JsonTokenType.Null;
            if (name == "input" && token is JsonTokenType.String or JsonTokenType.StartArray)
                input = token == JsonTokenType.StartArray ? body[start..(int)reader.BytesConsumed].ToArray() : Message(body[start..(int)reader.BytesConsumed]);
        }
        // Said here and not left to the upstream, which may get the bytes as they are; what continues a conversation may have nothing to add.
        if (!hasInput && previous is null && atProvider is null)
            return Failure.Unprocessable("missing field `input`: send a text or a list of items.", "input");
        return new ResponseWish { Stores = stores, IsBackground = background, PreviousId = previous, Input = input, AtProvider = atProvider };
    }

    /// <summary>Reads an array of items to its end.</summary>
    private static string? FirstReference(ref Utf8JsonReader reader)
    {
        string? found = null;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
            if (reader.TokenType != JsonTokenType.StartObject)
                reader.Skip();
            else if (IsReference(ref reader))
                found ??= string.Create(CultureInfo.InvariantCulture, $"input[{index}]");
        return found;
    }

    /// <summary>Reads an item to its end; one with an id and neither type nor role is a reference too (dialects 3.3).</summary>
    private static bool IsReference(ref Utf8JsonReader item)
    {
        var (refers, isTyped, hasRole, hasId) = (false, false, false, false);
        while (item.Read() && item.TokenType == JsonTokenType.PropertyName)
        {
            var (isType, isRole, isId) = (item.ValueTextEquals("type"u8), item.ValueTextEquals("role"u8), item.ValueTextEquals("id"u8));
            item.Read();
            var isText = item.TokenType == JsonTokenType.String;
            isTyped |= isType && isText;
            refers |= isType && isText && item.ValueTextEquals("item_reference"u8);
            hasRole |= isRole && isText;
            hasId |= isId && isText;
            item.Skip();
        }
        return refers || (hasId && !isTyped && !hasRole);
    }

    /// <summary>A plain text is one message of the user (dialects 3.2).</summary>
    private static byte[] Message(ReadOnlySpan<byte> text) =>
        [.. """[{"type":"message","role":"user","content":[{"type":"input_text","text":"""u8, .. text, .. "}]}]"u8];
}
