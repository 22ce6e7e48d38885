using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Routing;

namespace Milliways.Api.Responses;

/// <summary>
/// A body that goes to a provider as bytes may not point at what the provider keeps: it knows one account, the operator's, and would answer any team out of any
/// team's conversations and items. Where a request crosses into another dialect its reader refuses the same.
/// </summary>
internal sealed class ProviderReferences : IBodyCheck
{
    public bool Concerns(Exchange exchange) => exchange.FrontState is ResponseWish { AtProvider: not null };

    public ValueTask<Failure?> CheckAsync(Exchange exchange, Route route) => new(
        route.Attempts.Any(attempt => exchange.Front.IsSameDialect(attempt.Upstream)) ? Refusal(StoredResponses.WishOf(exchange).AtProvider!) : null);

    private static Failure Refusal(string field) => field switch
    {
        "conversation" => Failure.Unsupported(
            "`conversation` names one that the provider keeps in an account that all teams share: send the conversation as `input`, or go on from a response with `previous_response_id`.", field),
        "prompt" => Failure.Unsupported("`prompt` names a template that the provider keeps in an account that all teams share: send `instructions` and `input`.", field),
        _ => Failure.Unsupported(
            $"`{field}` refers to an item that the provider keeps in an account that all teams share: send the item itself, or go on from its response with `previous_response_id`.", field),
    };
}
