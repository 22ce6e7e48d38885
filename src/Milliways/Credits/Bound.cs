using Milliways.Credits.Pricing;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Upstreams;

namespace Milliways.Credits;

/// <summary>The most that a request can use, known before anybody is asked (design §4, "Money").</summary>
/// <param name="Input">Prompt tokens.</param>
/// <param name="Output">Tokens of all answers together.</param>
/// <param name="Images">Images that are made.</param>
/// <param name="Calls">Calls of tools that run at the upstream.</param>
internal readonly record struct Bound(long Input, long Output, long Images, long Calls)
{
    /// <summary>What an answer may have when neither the caller nor the catalogue bounds it, and the model's context is not known.</summary>
    private const long UnknownOutput = 32_768;

    private const int TokensPerImage = 1792;

    /// <summary>Sources of one search at most (xai-api 1.3.5), and what is granted to calls of other hosted tools.</summary>
    private const int HostedCalls = 30;

    private static ReadOnlySpan<byte> ImageMark => "image"u8;

    /// <summary>The bound of a request; null when stored context or hosted tools make the prompt unknowable.</summary>
    public static Bound? Of(Exchange exchange, PricedRoute priced)
    {
        var facts = exchange.Facts;
        var answers = Math.Clamp(facts.N, 1, 128);
        return exchange.Front.Operation switch
        {
            Operation.Embeddings => new Bound(InputOf(exchange), 0, 0, 0),
            Operation.ImageGenerations or Operation.ImageEdits => new Bound(InputOf(exchange), 0, answers, 0),
            _ when facts.HasUnseenInput => priced.Context is { } context ? new Bound(Math.Max(context, InputOf(exchange)), OutputOf(facts, priced) * answers, 0, HostedCalls) : null,
            _ => new Bound(InputOf(exchange), OutputOf(facts, priced) * answers, 0, 0),
        };
    }

    /// <summary>
    /// A token has at least one byte, and every text of the prompt stands in the body. Images count what they can cost at most, never the bytes they are
    /// sent as.
    /// </summary>
    private static long InputOf(Exchange exchange)
    {
        var body = exchange.Body.Span;
        if (body.IndexOf(ImageMark) < 0 || exchange.Front.ReadChat(exchange) is not { IsOk: true, Value: { } chat })
            return body.Length;
        var (images, encoded) = (0L, 0L);
        foreach (var message in chat.Messages)
            Count(message.Parts, ref images, ref encoded);
        return Math.Max(0, body.Length - encoded) + (images * TokensPerImage);
    }

    private static void Count(IReadOnlyList<ChatPart> parts, ref long images, ref long encoded)
    {
        foreach (var part in parts)
            switch (part)
            {
                case ChatPart.Image image:
                    images++;
                    encoded += image.Data?.Length ?? 0;
                    break;
                case ChatPart.ToolResult result:
                    Count(result.Content, ref images, ref encoded);
                    break;
            }
    }

    private static long OutputOf(RequestFacts facts, PricedRoute priced) =>
        Math.Clamp(facts.OutputCap ?? priced.MaxOutput ?? priced.Context ?? UnknownOutput, 1, 10_000_000);
}
