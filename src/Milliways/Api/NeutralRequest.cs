using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>The body as the neutral model, read once for all attempts of an exchange.</summary>
internal static class NeutralRequest
{
    public static Reading<ChatRequest> OfChat(Exchange exchange) => Of(exchange, Dialects.OpenAiChat.RequestReader.Read);

    public static Reading<ChatRequest> OfMessages(Exchange exchange) => Of(exchange, body => Dialects.Anthropic.RequestReader.Read(body, needsMaxTokens: exchange.Front.Operation != Operation.CountTokens));

    private static Reading<ChatRequest> Of(Exchange exchange, Func<ReadOnlyMemory<byte>, Reading<ChatRequest>> read)
    {
        if (exchange.Chat is not null)
            return exchange.Chat;
        var request = read(exchange.Body);
        exchange.Chat = request.Value;
        return request;
    }
}
