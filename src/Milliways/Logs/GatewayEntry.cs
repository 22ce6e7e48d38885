using Microsoft.AspNetCore.Http.Features;
using Milliways.Credits;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Gateway.Sockets;

namespace Milliways.Logs;

/// <summary>What the log says of a request on a gateway's address beside what it says of every request (cloudflare 2.1, 3.12-3.14).</summary>
internal static class GatewayEntry
{
    /// <summary>The gates have let it in: what its caller wants of the log is known.</summary>
    public static void Begin(Exchange exchange, ExchangeLog entry)
    {
        if (exchange.Http.Features.Get<GatewayCall>() is not { } call)
            return;
        entry.Gateway = call.Settings?.Name; // one that is not there makes no name in anybody's log
        entry.Compat = call.IsCompat;
        entry.Collect = call.HasEntry; // as the answer says, whatever has changed since
        entry.Payloads = call.Headers.CollectLogPayload;
        entry.EventId = call.Headers.EventId;
        entry.Metadata = call.Headers.Metadata;
        entry.Session = call.Headers.SessionId;
    }

    /// <summary>What one of several steps wants of the log; null: it says nothing.</summary>
    public static (bool? Collect, bool? Payloads) Wants(ExchangeStep? step) => CallOf(step) is { } call ? ((bool?)call.HasEntry, call.Headers.CollectLogPayload) : default;

    /// <summary>A failed step's entry says what its own headers do, not those of the step that answered.</summary>
    public static LogEntry Of(ExchangeStep? step, LogEntry entry) => CallOf(step) is not { } call ? entry : entry with
    {
        Compat = call.IsCompat,
        EventId = call.Headers.EventId ?? entry.Id,
        Metadata = call.Headers.Metadata?.Json,
        MetadataEntries = call.Headers.Metadata?.Entries ?? [],
        Session = call.Headers.SessionId ?? entry.Session,
        Byok = IsByok(call),
        Wholesale = call.Payment == Payment.Credits,
    };

    /// <summary>It is over: who was called and who paid is known.</summary>
    public static void End(Exchange exchange, ExchangeLog entry)
    {
        if (exchange.Http.Features.Get<GatewayCall>() is not { } call)
            return;
        Begin(exchange, entry); // one that no gate has let in is logged too
        entry.Provider ??= call.Provider;
        entry.Step = call.Step ?? 0;
        if (exchange.Front is RealtimeFront || exchange.Http.Features.Get<IHttpRequestLifetimeFeature>() is SocketContext)
            entry.RequestType = "websocket";
        entry.Byok = IsByok(call);
        entry.Wholesale = call.Payment == Payment.Credits;
        entry.Authentication = call.Settings?.Authentication ?? true;
        var usage = exchange.Meter.Usage;
        if (call.Headers.CustomCost is not { } stated || stated.Of(usage.Input, usage.CacheRead, usage.CacheWrite, usage.Output) is not { } dollars)
            return;
        // What the team was charged stands in its statement; here the caller's own price counts.
        (entry.CustomCost, entry.Cost) = (true, Money.OfDollars(dollars));
    }

    private static bool IsByok(GatewayCall call) => call.Payment is Payment.OwnKey or Payment.StoredKey;

    private static GatewayCall? CallOf(ExchangeStep? step) => (step?.Front as GatewayFront)?.Call;
}
