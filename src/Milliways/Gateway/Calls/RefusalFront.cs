using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Gateway.Calls;

/// <summary>A path that leads nowhere: refused behind the gates, so that only those who may call here learn which paths there are.</summary>
internal sealed class RefusalFront(GatewayCall call, Failure failure) : GatewayFront(call, CallKind.Other, services: null!, dialect: null)
{
    public override string RouteName(RequestFacts facts) => "";

    protected override ValueTask<Failure?> DecideAsync(Exchange exchange) => ValueTask.FromResult<Failure?>(failure);
}
