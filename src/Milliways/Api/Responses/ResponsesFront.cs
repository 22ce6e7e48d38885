using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;
using ChatErrors = Milliways.Dialects.OpenAiChat.Errors;
using ResponsesErrors = Milliways.Dialects.OpenAiResponses.Errors;

namespace Milliways.Api.Responses;

/// <summary>POST .../responses in one flavour: they differ in ids, usage and error bodies before the stream (dialects 3; xai-api 1.6).</summary>
/// <param name="flavour">xAI's on /v1 and the grok provider path, OpenAI's on compat (contract).</param>
/// <param name="modelPrefix">A prefix that the address's model names carry.</param>
/// <param name="stored">Keeps answers and finds conversations.</param>
/// <param name="clock">For <c>created_at</c>.</param>
internal sealed class ResponsesFront(Flavour flavour, StoredResponses stored, ModelPrefix? modelPrefix = null, TimeProvider? clock = null)
    : CrossingFront(ResponsesDialect.Instance, modelPrefix, clock)
{
    private ResponsesFront? _other;

    public override IFront In(Flavour wanted) => wanted == flavour ? this : _other ??= new ResponsesFront(wanted, stored, Prefix, Clock) { _other = this };

    public override ValueTask<Failure?> BeginAsync(Exchange exchange) => stored.BeginAsync(exchange, () => AnswerId(exchange));

    /// <summary>A request with the conversation that it continues.</summary>
    public static Reading<ChatRequest> Read(ReadOnlyMemory<byte> body, Exchange exchange)
    {
        var wish = StoredResponses.WishOf(exchange);
        return RequestReader.Read(body, new ResponsesReadOptions { KeepsAnswers = true, Earlier = wish.PreviousId is null ? null : EarlierItems.Arrays(wish.Earlier) });
    }

    public override Flavour Flavour => flavour;

    /// <summary>The conversation is <c>input</c>, which may be a string too; its reader sees to it.</summary>
    public override bool NeedsMessages => false;

    public override ReadOnlySpan<byte> KeepAlive => SseWriter.KeepAlive;

    public override bool IsSameDialect(Upstream upstream) => upstream.SpeaksResponses;

    public override Uri? AddressAt(Exchange exchange, Attempt attempt) => IsSameDialect(attempt.Upstream) ? attempt.Upstream.At("/responses") : base.AddressAt(exchange, attempt);

    protected override IUpstreamDialect WireOf(Upstream upstream) => IsSameDialect(upstream) ? ResponsesDialect.Instance : upstream.Wire;

    public override int Status(Failure failure) => ChatErrors.Status(failure, flavour);

    public override void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => ChatErrors.Write(failure, flavour, output);

    /// <summary>A stream of which no event was sent yet; what has begun is ended by its relay.</summary>
    public override void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => ResponsesErrors.WriteEvent(failure, output);

    protected override Reading<PreparedCall> Same(Exchange exchange, Attempt attempt)
    {
        IRelay relay = exchange.Facts.Stream
            ? new BytesRelay(new ResponsesStreamObserver(), tellsCost: exchange.Bill is not null)
            : new WholeBytesRelay("output", WholeUsage.OfResponses, TextBytes.OfResponse);
        var body = Resolved(exchange, attempt);
        var facts = body.Equals(exchange.Body) ? exchange.Facts : RequestScanner.Read(body.Span).Value!;
        return new PreparedCall(BodyEdit.Apply(body, facts, attempt.Model, askUsage: false), relay)
        {
            Headers = ForwardedHeaders.ToChat(exchange.Http.Request.Headers, attempt.Upstream, flavour),
        };
    }

    protected override Reading<ChatRequest> Read(Exchange exchange) => NeutralRequest.Of(exchange, body => Read(body, exchange));

    /// <summary>
    /// The body for an upstream of the same dialect: what is done here is left out, and a conversation goes on by the upstream's own id where it holds the
    /// previous response, by its items elsewhere (docs/edits.md).
    /// </summary>
    private static ReadOnlyMemory<byte> Resolved(Exchange exchange, Attempt attempt)
    {
        var (body, wish) = (exchange.Body, StoredResponses.WishOf(exchange));
        if (wish.IsBackground)
            body = BodyMembers.Without(body, "background"u8);
        if (wish.PreviousId is null)
            return body;
        if (wish.Earlier[^1].Holder is { } holder && holder.Upstream == attempt.Upstream.Name)
            return holder.Id == wish.PreviousId ? body : BodyMembers.With(body, "previous_response_id"u8, Encoding.UTF8.GetBytes(ResponseObject.Quote(holder.Id)));
        return BodyMembers.With(BodyMembers.Without(body, "previous_response_id"u8), "input"u8, EarlierItems.ForStranger(wish.Earlier, wish.Input));
    }

    protected override string AnswerId(Exchange exchange) => AnswerIds.Response(exchange.RequestId, flavour);

    protected override IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream) =>
        ForwardedHeaders.Crossing(exchange.Http.Request.Headers, upstream);
}
