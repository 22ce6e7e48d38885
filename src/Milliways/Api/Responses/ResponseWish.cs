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

    /// <summary>The conversation before this request, oldest first; empty when it begins one.</summary>
    public IReadOnlyList<StoredAnswer> Earlier { get; init; } = [];

    /// <summary>Reads the four members; what is wrong with any other is the dialect's to say.</summary>
    public static Reading<ResponseWish> Read(ReadOnlySpan<byte> body)
    {
        var (stores, background, previous, input) = (true, false, (string?)null, (byte[])[.. "[]"u8]);
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
            }
            reader.Skip();
            if (name == "input" && token is JsonTokenType.String or JsonTokenType.StartArray)
                input = token == JsonTokenType.StartArray ? body[start..(int)reader.BytesConsumed].ToArray() : Message(body[start..(int)reader.BytesConsumed]);
        }
        return new ResponseWish { Stores = stores, IsBackground = background, PreviousId = previous, Input = input };
    }

    /// <summary>A plain text is one message of the user (dialects 3.2).</summary>
    private static byte[] Message(ReadOnlySpan<byte> text) =>
        [.. """[{"type":"message","role":"user","content":[{"type":"input_text","text":"""u8, .. text, .. "}]}]"u8];
}
