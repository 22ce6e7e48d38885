using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Completions;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>POST /v1/completions, OpenAI's legacy form (xai-api 1.4). Its prompt always crosses: no upstream is asked in it.</summary>
internal sealed class CompletionsFront(Flavour flavour, ModelPrefix? modelPrefix = null) : CrossingFront(CompletionsDialect.Instance, modelPrefix, clock: null)
{
    private CompletionsFront? _other;

    public override Flavour Flavour => flavour;

    public override KeyEndpoints EndpointsOf(HttpContext http) => KeyEndpoints.Sample;

    public override bool NeedsMessages => false;

    public override ReadOnlySpan<byte> KeepAlive => SseWriter.KeepAlive;

    public override IFront In(Flavour wanted) => wanted == flavour ? this : _other ??= new CompletionsFront(wanted, Prefix) { _other = this };

    public override bool IsSameDialect(Upstream upstream) => false;

    public override int Status(Failure failure) => Errors.Status(failure, flavour);

    public override void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, flavour, output);

    public override void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
        using var body = new PooledWriter();
        Errors.Write(failure, flavour, body);
        SseWriter.Data(output, body.Written);
    }

    protected override string AnswerId(Exchange exchange) => AnswerIds.Completion(exchange.RequestId, flavour);

    protected override IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream) =>
        ForwardedHeaders.Crossing(exchange.Http.Request.Headers, upstream);
}
