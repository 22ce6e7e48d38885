using System.Buffers;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>POST .../messages: always Anthropic's dialect, told by the path and never by headers (contract).</summary>
/// <param name="modelPrefix">How the address's model names are read; null: as they are.</param>
internal sealed class MessagesFront(ModelPrefix? modelPrefix = null) : CrossingFront(MessagesDialect.Instance, modelPrefix, clock: null)
{
    public override Flavour Flavour => Flavour.OpenAi;

    public override bool SpeaksAnthropic => true;

    /// <summary>Anthropic's own sign of life; its SDKs pass over it wherever it stands, before message_start too (dialects 4.16, 6.3).</summary>
    public override ReadOnlySpan<byte> KeepAlive => SseWriter.Ping;

    public override bool IsSameDialect(Upstream upstream) => upstream.Dialect == UpstreamDialect.Anthropic;

    public override int Status(Failure failure) => Errors.Status(failure);

    public override void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, output, requestId);

    public override void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
        using var body = new PooledWriter();
        Errors.Write(failure, body, requestId);
        SseWriter.Event(output, "error"u8, body.Written);
    }

    protected override Reading<PreparedCall> Same(Exchange exchange, Attempt attempt)
    {
        IRelay relay = exchange.Facts.Stream
            ? new BytesRelay(new MessagesStreamObserver(), tellsCost: exchange.Bill is not null)
            : new WholeBytesRelay("content", WholeUsage.OfMessages, TextBytes.OfMessages);
        return new PreparedCall(BodyEdit.Apply(exchange.Body, exchange.Facts, attempt.Model, askUsage: false, Clamp(exchange, "max_tokens")), relay)
        {
            Headers = ForwardedHeaders.ToAnthropic(exchange.Http.Request.Headers),
        };
    }

    protected override string AnswerId(Exchange exchange) => AnswerIds.Message(exchange.RequestId);

    protected override IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream) =>
        upstream.IsEngine ? ForwardedHeaders.EngineFromMessages : ForwardedHeaders.Crossing(exchange.Http.Request.Headers, upstream);
}
