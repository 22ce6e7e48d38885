using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using RequestReader = Milliways.Dialects.XaiGrpc.RequestReader;

namespace Milliways.Api.Grpc;

/// <summary>Chat over gRPC: the neutral model in, frames out, everything between as for any front.</summary>
/// <param name="dialect">Writes the answers.</param>
/// <param name="config">Bounds of messages.</param>
/// <param name="conversations">Finds and keeps those that are stored.</param>
/// <param name="clock">For <c>created</c>.</param>
internal class GrpcChatFront(XaiGrpcDialect dialect, GrpcConfig config, GrpcConversations conversations, TimeProvider clock) : GrpcFront(dialect, config, clock)
{
    private readonly bool _streams = ReferenceEquals(dialect, XaiGrpcDialect.Streamed);

    public override async ValueTask<Failure?> ReadBodyAsync(Exchange exchange)
    {
        var message = await GrpcCall.ReadAsync<GetCompletionsRequest>(exchange, Config);
        if (!message.IsOk)
            return message.Failure;
        IReadOnlyList<ChatMessage>? earlier = null;
        if (message.Value.HasPreviousResponseId)
        {
            var found = await conversations.EarlierAsync(exchange.Key!, message.Value.PreviousResponseId);
            if (!found.IsOk)
                return found.Failure;
            earlier = found.Value;
        }
        var request = RequestReader.Read(message.Value, new GrpcReadOptions { Stream = _streams, Earlier = earlier });
        if (!request.IsOk)
            return request.Failure;
        if (Asked.ToStore(request.Value) && KeepsAnswers)
            exchange.Keeper = conversations.Keep(message.Value);
        return Take(exchange, request.Value);
    }

    /// <summary>False where an answer is kept in another way.</summary>
    protected virtual bool KeepsAnswers => true;

    protected override ICallerDialect CallerOf(Exchange exchange) => exchange.Keeper is GrpcKeeper keeper ? new KeepingDialect(dialect, keeper) : dialect;
}
