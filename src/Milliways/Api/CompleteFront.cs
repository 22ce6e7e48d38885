using System.Buffers;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.AnthropicComplete;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>POST /v1/complete, Anthropic's legacy form (xai-api 1.5; dialects 2.10). Its prompt always crosses: no upstream is asked in it.</summary>
internal sealed class CompleteFront() : CrossingFront(CompleteDialect.Instance, modelPrefix: null, clock: null)
{
    public override Flavour Flavour => Flavour.OpenAi;

    public override bool SpeaksAnthropic => true;

    public override KeyEndpoints EndpointsOf(HttpContext http) => KeyEndpoints.Sample;

    public override bool NeedsMessages => false;

    public override ReadOnlySpan<byte> KeepAlive => SseWriter.Ping;

    public override bool IsSameDialect(Upstream upstream) => false;

    public override int Status(Failure failure) => Errors.Status(failure);

    public override void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, output, requestId);

    public override void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
        using var body = new PooledWriter();
        Errors.Write(failure, body, requestId);
        SseWriter.Event(output, "error"u8, body.Written);
    }

    protected override string AnswerId(Exchange exchange) => AnswerIds.Complete(exchange.RequestId);

    protected override IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream) =>
        upstream.IsEngine ? ForwardedHeaders.EngineFromMessages : ForwardedHeaders.Crossing(exchange.Http.Request.Headers, upstream);
}
