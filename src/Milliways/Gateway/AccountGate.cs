using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;

namespace Milliways.Gateway;

/// <summary>
/// The gate of gateway addresses: the account must be the key's own team, the gateway must be there. A key of another team is answered as one that nobody
/// knows, as Cloudflare does (one body for wrong tokens and those of other accounts), and not in its own flavour: so nobody learns which accounts and keys there are.
/// </summary>
internal sealed class AccountGate(KeyGate keys) : IGate
{
    public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
    {
        if (exchange.Http.Features.Get<GatewayAddress>() is not { } address)
            return ValueTask.FromResult(Admission.Free);
        var (path, own) = (address.Path, exchange.Key!.Team.Account);
        if (!string.Equals(path.Account, own, StringComparison.OrdinalIgnoreCase))
            return ValueTask.FromResult(Admission.Refused(keys.Unknown(exchange.Http)));
        if (exchange.Key.Flavour is { } flavour)
            exchange.Speak(flavour);
        return ValueTask.FromResult(path.Gateway == GatewayRoutes.DefaultGateway
            ? Admission.Free
            : Admission.Refused(new Failure(FailureKind.NotFound, FailureParty.Client, "route",
                $"There is no gateway \"{path.Gateway}\" of the account {path.Account}: the address starts with /v1/{own}/{GatewayRoutes.DefaultGateway}.")));
    }
}

/// <summary>The gateway address of a request, as a feature of it.</summary>
internal sealed record GatewayAddress(GatewayPath Path);
