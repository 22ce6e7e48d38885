using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Limits.Counting;
using Milliways.Upstreams;

namespace Milliways.Limits;

/// <summary>
/// The most tokens that a request may use, as limits reserve them: the prompt by the estimate that everything here goes by (<see cref="TokenEstimate"/>), and
/// the bound of the answer that the caller or the catalogue sets.
/// </summary>
internal static class RequestTokens
{
    /// <summary>Reserved for an answer that neither the caller nor the catalogue bounds; what it really uses is booked in the end.</summary>
    public const long UnboundOutput = 4096;

    private const int SchemaDepth = 256;

    /// <summary>Words without which the bytes of a body are all text, and so an estimate by themselves.</summary>
    private static readonly byte[][] NotText = ["image"u8.ToArray(), "base64"u8.ToArray(), "previous_response_id"u8.ToArray()];

    public static TokenBound Of(Exchange exchange) => exchange.Front.Operation switch
    {
        Operation.Chat => new TokenBound(Prompt(exchange), Output(exchange)),
        Operation.Embeddings => new TokenBound(TokenEstimate.OfBytes(exchange.Body.Length), 0),
        _ => default, // images are not made of tokens; what an upstream reports all the same is booked
    };

    private static long Prompt(Exchange exchange)
    {
        var body = exchange.Body.Span;
        foreach (var word in NotText)
            if (body.IndexOf(word) >= 0 && exchange.Front.ReadChat(exchange) is { IsOk: true, Value: { } chat })
                return TokenEstimate.OfPrompt(chat);
        return TokenEstimate.OfBytes(body.Length);
    }

    private static long Output(Exchange exchange)
    {
        var most = exchange.Model?.MaxOutput ?? UnboundOutput;
        var each = Wanted(exchange.Body.Span) is { } wanted ? exchange.Model?.MaxOutput is { } known ? Math.Min(wanted, known) : wanted : most;
        return each * Math.Clamp(exchange.Facts.N, 1, 128);
    }

    /// <summary>The bound under each dialect's name of it; the larger one where a body has two.</summary>
    private static long? Wanted(ReadOnlySpan<byte> body)
    {
        long? most = null;
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = SchemaDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isBound = reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8)
                || reader.ValueTextEquals("max_output_tokens"u8) || reader.ValueTextEquals("max_tokens_to_sample"u8);
            reader.Read();
            if (isBound && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var bound) && bound > (most ?? 0))
                most = bound;
            reader.Skip();
        }
        return most;
    }
}
