using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;

namespace Milliways.Api.Grpc;

/// <summary>Chat.CompactContext: a chat request like any other, whose answer becomes a blob.</summary>
internal sealed class GrpcCompactFront(GrpcConfig config, TimeProvider clock) : GrpcFront(CompactDialect.Instance, config, clock, CompactDialect.Check)
{
    public override async ValueTask<Failure?> ReadBodyAsync(Exchange exchange)
    {
        var message = await GrpcCall.ReadAsync<CompactContextRequest>(exchange, Config);
        var request = message.IsOk ? CompactDialect.Read(message.Value) : message.Failure;
        if (!request.IsOk)
            return request.Failure;
        var body = GrpcBody.Of(request.Value);
        if (!body.IsOk)
            return body.Failure;
        (exchange.Body, exchange.Chat) = (body.Value, request.Value);
        return exchange.Budget.Reserve(exchange, body.Value.Length);
    }

    protected override string AnswerId(Exchange exchange) => AnswerIds.Compaction(exchange.RequestId);
}
