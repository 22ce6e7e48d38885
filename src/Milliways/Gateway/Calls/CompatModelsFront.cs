using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Gateway.Calls;

/// <summary>GET compat/models, answered here and through the walk: keys, limits and logs as anywhere.</summary>
internal sealed class CompatModelsFront(GatewayCall call, CompatModels models) : GatewayFront(call, CallKind.Other, services: null!, dialect: null)
{
    /// <summary>Stands where nobody is asked.</summary>
    private static readonly Upstream Here = new("milliways", UpstreamDialect.OpenAiChat, UpstreamAddress.Parse("http://localhost"), new HttpMessageInvoker(new SocketsHttpHandler())) { Breaker = null };

    public override KeyEndpoints EndpointsOf(HttpContext http) => KeyEndpoints.Models;

    public override string RouteName(RequestFacts facts) => "models";

    public override Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => (Reading<byte[]>)models.Write(exchange.Key!);

    protected override ValueTask<Failure?> DecideAsync(Exchange exchange)
    {
        Take(exchange, Payment.None, new Route(new Attempt(Here, "models")) { Retries = 0 });
        return ValueTask.FromResult<Failure?>(null);
    }
}
