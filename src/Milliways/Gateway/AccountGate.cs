using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Gateway;

/// <summary>
/// The gate of gateway addresses: the account must be the key's own team, the gateway must be there. Another team's account and a gateway that does not
/// exist look alike, so that nobody learns which accounts there are.
/// </summary>
internal sealed class AccountGate : IGate
{
    public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
    {
        if (exchange.Http.Features.Get<GatewayAddress>() is not { } address)
            return ValueTask.FromResult(Admission.Free);
        var (path, own) = (address.Path, exchange.Key!.Team.Account);
        var isThere = string.Equals(path.Account, own, StringComparison.OrdinalIgnoreCase) && path.Gateway == GatewayRoutes.DefaultGateway;
        return ValueTask.FromResult(isThere
            ? Admission.Free
            : Admission.Refused(new Failure(FailureKind.NotFound, FailureParty.Client, "route",
                $"There is no gateway \"{path.Gateway}\" of the account {path.Account} for this key: the address starts with /v1/{own}/{GatewayRoutes.DefaultGateway}.")));
    }
}

/// <summary>The gateway address of a request, as a feature of it.</summary>
internal sealed record GatewayAddress(GatewayPath Path);
