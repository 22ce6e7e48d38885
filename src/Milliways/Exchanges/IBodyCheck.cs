using Milliways.Dialects.Chat;
using Milliways.Routing;

namespace Milliways.Exchanges;

/// <summary>Looks into a body when its route is known and before anybody is asked; what it refuses goes nowhere.</summary>
internal interface IBodyCheck
{
    ValueTask<Failure?> CheckAsync(Exchange exchange, Route route);
}
