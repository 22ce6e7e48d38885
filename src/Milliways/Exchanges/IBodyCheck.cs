using Milliways.Dialects.Chat;
using Milliways.Routing;

namespace Milliways.Exchanges;

/// <summary>Looks into a body when its route is known and before anybody is asked; what it refuses goes nowhere.</summary>
internal interface IBodyCheck
{
    /// <summary>Whether there is anything to look at; asked for every request, so it must cost next to nothing.</summary>
    bool Concerns(Exchange exchange);

    ValueTask<Failure?> CheckAsync(Exchange exchange, Route route);
}
