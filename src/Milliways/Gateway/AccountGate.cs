using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Gateway.Settings;

namespace Milliways.Gateway;

/// <summary>
/// The gate of gateway addresses: the account must be the key's own team, the gateway must be there. Another team's account is refused as a wrong token is, so
/// that nobody learns which accounts there are; that a gateway does not exist is told to its own team only.
/// </summary>
internal sealed class AccountGate(GatewayStore gateways) : IGate
{
    public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
    {
        if (exchange.Presented is null || exchange.Http.Features.Get<GatewayCall>() is not { } call)
            return ValueTask.FromResult(Admission.Free);
        if (!string.Equals(call.Path.Account, exchange.Key!.Team.Account, StringComparison.OrdinalIgnoreCase))
            return ValueTask.FromResult(Admission.Refused(GatewayErrors.NotAuthorizedFailure));
        call.Settings = gateways.Find(call.Path.Account, call.Path.Gateway);
        call.IsStranger = exchange.Key.Id == Strangers.KeyId;
        if (call.Settings is null)
            return ValueTask.FromResult(Admission.Refused(GatewayErrors.UnknownGateway(call.Path.Gateway)));
        if ((exchange.Key.Flavour ?? call.Settings.Flavour) is { } flavour)
            exchange.Speak(flavour);
        return ValueTask.FromResult(Admission.Free);
    }
}

/// <summary>The gateway address of a request, as a feature of it.</summary>
internal sealed record GatewayAddress(GatewayPath Path);
