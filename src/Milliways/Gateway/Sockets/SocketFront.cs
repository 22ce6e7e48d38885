using Microsoft.AspNetCore.Http.Features;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Keys;

namespace Milliways.Gateway.Sockets;

/// <summary>
/// The upgrade of a universal address to a socket (cloudflare 1.9): who may come in is asked here, and again for each request on it. The socket itself costs
/// nothing and counts against nothing.
/// </summary>
internal sealed class SocketFront(GatewayCall call, UniversalSockets sockets, RequestDelegate serve) : GatewayFront(call, CallKind.Other, services: null!, dialect: null), IConversation
{
    private const KeyEndpoints Any = KeyEndpoints.Chat | KeyEndpoints.Embed | KeyEndpoints.Image | KeyEndpoints.Models;

    public override KeyEndpoints EndpointsOf(HttpContext http) => Any;

    public override string RouteName(RequestFacts facts) => "socket";

    public async Task<Failure?> TalkAsync(Exchange exchange)
    {
        var http = exchange.Http;
        if (!http.WebSockets.IsWebSocketRequest)
            return GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.Invalid, "The upgrade is not a WebSocket's: Connection, Upgrade, Sec-WebSocket-Key and Sec-WebSocket-Version 13 are needed.");
        exchange.Limit = null; // each request on it has its own
        exchange.Timeouts = exchange.Timeouts with { Total = SocketBounds.Longest };
        var raw = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var question = raw.IndexOf('?', StringComparison.Ordinal);
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = SocketTokens.Chosen(http.Request.Headers) });
        using var talk = new UniversalSocket(socket, http, question < 0 ? raw : raw[..question], Call.Credentials.Token, serve, sockets);
        await talk.RunAsync(exchange.Cancel);
        return null;
    }

    protected override ValueTask<Failure?> DecideAsync(Exchange exchange)
    {
        Take(exchange, Payment.None, Nowhere.Route("socket"));
        return ValueTask.FromResult<Failure?>(null);
    }
}
