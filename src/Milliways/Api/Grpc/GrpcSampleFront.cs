using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using Milliways.Keys;

namespace Milliways.Api.Grpc;

/// <summary>Sample.SampleText and SampleTextStreaming: what POST /v1/completions does.</summary>
internal sealed class GrpcSampleFront(bool streams, GrpcConfig config, TimeProvider clock) : GrpcFront(SampleDialect.Instance, config, clock)
{
    public override KeyEndpoints EndpointsOf(HttpContext http) => KeyEndpoints.Sample;

    public override async ValueTask<Failure?> ReadBodyAsync(Exchange exchange)
    {
        var message = await GrpcCall.ReadAsync<SampleTextRequest>(exchange, Config);
        var body = message.IsOk ? SampleDialect.Write(message.Value, streams) : message.Failure;
        if (!body.IsOk)
            return body.Failure;
        exchange.Body = body.Value;
        return exchange.Budget.Reserve(exchange, body.Value.Length);
    }
}
