using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using Milliways.Keys;
using Milliways.Upstreams;

namespace Milliways.Api.Grpc;

/// <summary>Sample.SampleText and SampleTextStreaming: what POST /v1/completions does.</summary>
internal sealed class GrpcSampleFront(bool streams, GrpcConfig config, TimeProvider clock) : CrossingFront(SampleDialect.Instance, null, clock)
{
    public override Flavour Flavour => Flavour.Xai;

    public override ReadOnlySpan<byte> KeepAlive => default;

    public override ITrailingStatus? Trailing => GrpcStatus.Of(config);

    public override bool NeedsMessages => false;

    public override KeyEndpoints EndpointsOf(HttpContext http) => KeyEndpoints.Sample;

    public override bool IsSameDialect(Upstream upstream) => false;

    public override async ValueTask<Failure?> ReadBodyAsync(Exchange exchange)
    {
        var message = await GrpcCall.ReadAsync<SampleTextRequest>(exchange, config);
        var body = message.IsOk ? SampleDialect.Write(message.Value, streams) : message.Failure;
        if (!body.IsOk)
            return body.Failure;
        exchange.Body = body.Value;
        return exchange.Budget.Reserve(exchange, body.Value.Length);
    }

    public override int Status(Failure failure) => Errors.Status(failure, Flavour.Xai);

    public override void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, Flavour.Xai, output);

    public override void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, Flavour.Xai, output);

    protected override string AnswerId(Exchange exchange) => AnswerIds.Chat(exchange.RequestId, Flavour.Xai);

    protected override IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream) =>
        ForwardedHeaders.Crossing(exchange.Http.Request.Headers, upstream);
}
