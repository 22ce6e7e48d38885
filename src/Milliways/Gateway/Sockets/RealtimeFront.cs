using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Attempts;
using Milliways.Gateway.Calls;
using Milliways.Routing;

namespace Milliways.Gateway.Sockets;

/// <summary>
/// A provider's realtime socket (cloudflare 1.10): once the provider has switched, every byte goes both ways as it is, so frames, extensions and closes are the
/// provider's and the client's own. Nobody here can count what is spoken, so it is the caller's key or a price of nothing that pays.
/// </summary>
internal sealed class RealtimeFront(GatewayCall call, string slug, string rest, GatewayServices services) : ProviderFront(call, slug, rest, CallKind.Other, services), IConversation
{
    private const int Buffer = 16 << 10;
    private const int MostErrorBytes = 1 << 20;
    private const string Protocol = "Sec-WebSocket-Protocol";

    public async Task<Failure?> TalkAsync(Exchange exchange)
    {
        if (exchange.Http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
            return GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.Invalid, "The request cannot be upgraded: send Connection: Upgrade and Upgrade: websocket over HTTP/1.1.");
        var attempt = RouteOf(exchange)!.Value.Value!.Attempts[0];
        (exchange.Answering, exchange.Attempts) = (attempt, 1);
        exchange.Timeouts = attempt.Upstream.Timeouts with { Idle = SocketBounds.Idle, Total = SocketBounds.LongestSession };
        exchange.Await(Waiting.Headers);
        UpstreamCall? session = null;
        try
        {
            session = await UpstreamCall.SendAsync(attempt.Upstream, AddressAt(exchange, attempt)!, Ask(exchange, attempt), exchange, exchange.Cancel);
            if (session.Status != StatusCodes.Status101SwitchingProtocols)
                return await RefusedAsync(exchange, attempt, session);
            await using var provider = await session.UpgradedAsync(exchange.Cancel);
            Head(exchange, session);
            await using var client = await upgrade.UpgradeAsync();
            exchange.HasCommitted = true;
            exchange.Await(Waiting.NextEvent); // a session may begin with silence
            await PumpAsync(exchange, client, provider);
            return null;
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException && !exchange.HasCommitted)
        {
            return exchange.Stopped ?? (exchange.IsClientGone ? AttemptLoop.ClientGone : UpstreamCall.Describe(broken, attempt.Upstream, "headers"));
        }
        finally
        {
            if (session is not null)
                await session.DisposeAsync();
        }
    }

    /// <summary>The client's own handshake: its key and extensions are answered by the provider.</summary>
    private PreparedCall Ask(Exchange exchange, Attempt attempt)
    {
        var prepared = Prepare(exchange, attempt).Value!;
        var head = prepared.Headers.Where(header => !header.Name.Equals(Protocol, StringComparison.OrdinalIgnoreCase)).ToList();
        head.Add(("Connection", "Upgrade"));
        head.Add(("Upgrade", "websocket"));
        if (string.Join(", ", SocketTokens.ForProvider(Call.Head)) is { Length: > 0 } protocols)
            head.Add((Protocol, protocols));
        return prepared with { Method = HttpMethod.Get, Content = null, Headers = head, IsUpgrade = true };
    }

    private static void Head(Exchange exchange, UpstreamCall session)
    {
        var headers = exchange.Http.Response.Headers;
        foreach (var (name, value) in PassedHeaders.Of(session))
            if (!name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) && !name.Equals("X-Content-Type-Options", StringComparison.OrdinalIgnoreCase))
                headers[name] = value;
        headers.Upgrade = "websocket";
        if (!headers.ContainsKey(Protocol) && SocketTokens.Chosen(exchange.Http.Request.Headers) is { } offered && !SocketTokens.ForProvider(exchange.Http.Request.Headers).Any())
            headers[Protocol] = offered; // what was only for us is answered by us
        AnswerHead.Facts(exchange);
    }

    private async Task<Failure> RefusedAsync(Exchange exchange, Attempt attempt, UpstreamCall session)
    {
        var isWhole = await session.ReadAllAsync(MostErrorBytes, exchange, exchange.Cancel);
        if (session.Status is >= 200 and < 300)
            return Failure.Broken("headers", $"The provider {attempt.Upstream.Name} answered {session.Status} and did not switch to a WebSocket.");
        var failure = ReadRefusal(attempt, session.Status, session.Unread, session.Header("Retry-After"));
        if (isWhole)
            exchange.Refused = new RefusedAnswer(failure, session.Status, PassedHeaders.Of(session), session.Unread.ToArray());
        return failure;
    }

    /// <summary>Bytes both ways until one side ends; the other may then say its last words.</summary>
    private static async Task PumpAsync(Exchange exchange, Stream client, Stream provider)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(exchange.Cancel);
        var (up, down) = (CopyAsync(exchange, client, provider, over.Token), CopyAsync(exchange, provider, client, over.Token));
        await Task.WhenAny(up, down);
        over.CancelAfter(SocketBounds.Goodbye);
        await Task.WhenAll(up, down);
    }

    private static async Task CopyAsync(Exchange exchange, Stream from, Stream to, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Buffer);
        try
        {
            while (await from.ReadAsync(buffer, cancel) is > 0 and var read)
            {
                exchange.Await(Waiting.NextEvent);
                await to.WriteAsync(buffer.AsMemory(0, read), cancel);
                await to.FlushAsync(cancel);
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One side is gone; the other will be told by its connection.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
