using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Api;

/// <summary>The body as the neutral model, read once for all attempts of an exchange.</summary>
internal static class NeutralRequest
{
    public static Reading<ChatRequest> Of(Exchange exchange, ICallerDialect caller) => Of(exchange, caller.ReadRequest);

    public static Reading<ChatRequest> Of(Exchange exchange, Func<ReadOnlyMemory<byte>, Reading<ChatRequest>> read)
    {
        if (exchange.Chat is not null)
            return exchange.Chat;
        var request = read(exchange.Body);
        exchange.Chat = request.Value;
        return request;
    }
}
