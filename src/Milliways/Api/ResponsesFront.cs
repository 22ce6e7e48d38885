using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;
using ChatErrors = Milliways.Dialects.OpenAiChat.Errors;
using ResponsesErrors = Milliways.Dialects.OpenAiResponses.Errors;

namespace Milliways.Api;

/// <summary>POST .../responses in one flavour: they differ in ids, usage and error bodies before the stream (dialects 3; xai-api 1.6).</summary>
/// <param name="flavour">xAI's on /v1 and the grok provider path, OpenAI's on compat (contract).</param>
/// <param name="modelPrefix">A prefix that the address's model names carry.</param>
internal sealed class ResponsesFront(Flavour flavour, ModelPrefix? modelPrefix = null, TimeProvider? clock = null)
    : CrossingFront(ResponsesDialect.Instance, modelPrefix, clock)
{
    public override Flavour Flavour => flavour;

    /// <summary>The conversation is <c>input</c>, which may be a string too; its reader sees to it.</summary>
    public override bool NeedsMessages => false;

    public override ReadOnlySpan<byte> KeepAlive => SseWriter.KeepAlive;

    public override bool IsSameDialect(Upstream upstream) => upstream.Dialect == UpstreamDialect.OpenAiResponses;

    public override int Status(Failure failure) => ChatErrors.Status(failure, flavour);

    public override void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => ChatErrors.Write(failure, flavour, output);

    /// <summary>A stream of which no event was sent yet; what has begun is ended by its relay.</summary>
    public override void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => ResponsesErrors.WriteEvent(failure, output);

    protected override Reading<PreparedCall> Same(Exchange exchange, Attempt attempt)
    {
        IRelay relay = exchange.Facts.Stream
            ? new BytesRelay(new ResponsesStreamObserver())
            : new WholeBytesRelay("output", WholeUsage.OfResponses);
        return new PreparedCall(BodyEdit.Apply(exchange.Body, exchange.Facts, attempt.Model, askUsage: false), relay)
        {
            Headers = ForwardedHeaders.ToChat(exchange.Http.Request.Headers, attempt.Upstream, flavour),
        };
    }

    protected override string AnswerId(Exchange exchange) => AnswerIds.Response(exchange.RequestId, flavour);

    protected override IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream) =>
        ForwardedHeaders.Crossing(exchange.Http.Request.Headers, upstream);
}
