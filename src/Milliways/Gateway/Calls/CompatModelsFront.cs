using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Routing;

namespace Milliways.Gateway.Calls;

/// <summary>GET compat/models, answered here and through the walk: keys, limits and logs as anywhere.</summary>
internal sealed class CompatModelsFront(GatewayCall call, CompatModels models) : GatewayFront(call, CallKind.Other, services: null!, dialect: null)
{
    public override KeyEndpoints EndpointsOf(HttpContext http) => KeyEndpoints.Models;

    public override string RouteName(RequestFacts facts) => "models";

    public override Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => (Reading<byte[]>)models.Write(exchange.Key!);

    protected override ValueTask<Failure?> DecideAsync(Exchange exchange)
    {
        Take(exchange, Payment.None, Nowhere.Route("models"));
        return ValueTask.FromResult<Failure?>(null);
    }
}
