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

    /// <summary>Without these two words the bytes of a body are all text, and so an estimate by themselves.</summary>
    private static ReadOnlySpan<byte> ImageMark => "image"u8;

    private static ReadOnlySpan<byte> DataMark => "base64"u8;

    public static TokenBound Of(Exchange exchange) => exchange.Front.Operation switch
    {
        Operation.Chat => new TokenBound(Prompt(exchange), Output(exchange)),
        Operation.Embeddings => new TokenBound(TokenEstimate.OfBytes(exchange.Body.Length), 0),
        _ => default, // images are not made of tokens; what an upstream reports all the same is booked
    };

    private static long Prompt(Exchange exchange)
    {
        var body = exchange.Body.Span;
        var isText = !exchange.Facts.HasUnseenInput && body.IndexOf(ImageMark) < 0 && body.IndexOf(DataMark) < 0;
        return !isText && exchange.Front.ReadChat(exchange) is { IsOk: true, Value: { } chat } ? TokenEstimate.OfPrompt(chat) : TokenEstimate.OfBytes(body.Length);
    }

    private static long Output(Exchange exchange)
    {
        var (wanted, known) = (exchange.Facts.OutputCap, exchange.Model?.MaxOutput);
        return Math.Max(0, Math.Min(wanted ?? known ?? UnboundOutput, known ?? long.MaxValue)) * Math.Clamp(exchange.Facts.N, 1, 128);
    }
}
