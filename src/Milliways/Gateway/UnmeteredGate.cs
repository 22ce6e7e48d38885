using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Routing;

namespace Milliways.Gateway;

/// <summary>
/// A provider's call that nobody here can count is not made with the operator's key: neither on credit, which must know what it pays for, nor where it would
/// show one team what another has made in the operator's account. Lists of models are free; an upstream whose price for <c>*</c> is 0 takes what is posted.
/// </summary>
internal sealed class UnmeteredGate(TimeProvider time) : IAdmissionGate
{
    public bool IsForEachStep => true;

    public ValueTask<Admission> EnterAsync(Exchange exchange, Route route, CancellationToken cancel) => ValueTask.FromResult(
        exchange.Front is ProviderFront { IsUnmetered: true, IsFree: false } front && !exchange.IsPaidElsewhere && !IsPriced(front.Call, route)
            ? Admission.Refused(Refusal(front))
            : Admission.Free);

    private bool IsPriced(GatewayCall call, Route route) =>
        (HttpMethods.IsPost(call.Method) || call.IsRealtime) && route.Attempts.All(attempt => attempt.Upstream.PriceOf("*")?.At(time.GetUtcNow()) is { IsFree: true });

    private static Failure Refusal(ProviderFront front) => GatewayErrors.Of(FailureKind.OutOfCredits, GatewayErrors.NoCredits,
        $"This call of {front.Call.Provider} has no price here and cannot be used on credit: send a key of {front.Call.Provider} with it, store one with milliways gateways keys add, "
        + "or let the operator give its upstream \"prices\": { \"*\": { \"input\": \"0\", \"output\": \"0\" } }.");
}
