using System.Collections.Concurrent;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Gateway.Sockets;

namespace Milliways.Gateway.Rates;

/// <summary>The gate of gateways' rate limits: every request of a gateway counts, whatever it asks; one that is refused later does not. Each server counts by itself.</summary>
internal sealed class RateGate(TimeProvider time) : IGate
{
    private readonly ConcurrentDictionary<(string Account, string Gateway), RateWindow> _windows = new();

    public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
    {
        if (exchange.Presented is null || exchange.Front is SocketFront || exchange.Http.Features.Get<GatewayCall>() is not { Settings.Rate: { } limit } call) // a socket's requests are counted, not the socket
            return ValueTask.FromResult(Admission.Free);
        var window = _windows.AddOrUpdate((call.Settings.Account, call.Settings.Name), _ => new RateWindow(limit, time), (_, known) => known.Limit == limit ? known : new RateWindow(limit, time));
        return ValueTask.FromResult(window.TryEnter(out var at, out var wait)
            ? new Admission(new Lease(window, at), null)
            : Admission.Refused(new Failure(FailureKind.RateLimited, FailureParty.Client, GatewayErrors.Stage, "Rate limited")
            {
                Code = GatewayErrors.RateLimited.ToString(System.Globalization.CultureInfo.InvariantCulture), RetryAfterSeconds = wait,
            }));
    }

    private sealed class Lease(RateWindow window, long at) : ILease
    {
        public void Close(in Outcome outcome)
        {
            if (!outcome.IsAdmitted)
                window.GiveBack(at);
        }
    }
}
