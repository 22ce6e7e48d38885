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
        return request.IsOk ? Take(exchange, request.Value) : request.Failure;
    }

    protected override string AnswerId(Exchange exchange) => AnswerIds.Compaction(exchange.RequestId);
}
