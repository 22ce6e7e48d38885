using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>POST .../chat/completions in one flavour.</summary>
/// <param name="flavour">xAI's on /v1 and the grok provider path, OpenAI's on compat (contract).</param>
/// <param name="modelPrefix">A prefix that the address's model names carry, such as compat's <c>grok/</c>.</param>
/// <param name="deferred">Null where a deferred completion could not be read again.</param>
/// <param name="clock">For <c>created</c>.</param>
internal sealed class ChatFront(Flavour flavour, ModelPrefix? modelPrefix = null, DeferredCompletions? deferred = null, TimeProvider? clock = null)
    : CrossingFront(ChatDialect.Instance, modelPrefix, clock)
{
    private ChatFront? _other;

    public override IFront In(Flavour wanted) =>
        wanted == flavour ? this : _other ??= new ChatFront(wanted, Prefix, deferred, Clock) { _other = this };

    public override ValueTask<Failure?> BeginAsync(Exchange exchange) => ValueTask.FromResult(deferred?.Begin(exchange));

    public override Flavour Flavour => flavour;

    public override ReadOnlySpan<byte> KeepAlive => SseWriter.KeepAlive;

    public override bool IsSameDialect(Upstream upstream) => upstream.Dialect == UpstreamDialect.OpenAiChat;

    public override int Status(Failure failure) => Errors.Status(failure, flavour);

    public override void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, flavour, output);

    public override void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
        using var body = new PooledWriter();
        Errors.Write(failure, flavour, body);
        SseWriter.Data(output, body.Written);
    }

    protected override Reading<PreparedCall> Same(Exchange exchange, Attempt attempt)
    {
        var facts = exchange.Facts;
        if (facts.AsksForSearch && !attempt.Upstream.Target(attempt.Model, exchange.IsStrict).Traits.LiveSearch)
            return Crossing.NoLiveSearch;
        IRelay relay = facts.Stream
            ? new BytesRelay(new ChatStreamObserver(stripUsage: !facts.IncludeUsage, facts.N), tellsCost: exchange.Bill is not null)
            : new WholeBytesRelay("choices", WholeUsage.OfChat, TextBytes.OfChat);
        return new PreparedCall(BodyEdit.Apply(exchange.Body, facts, attempt.Model, attempt.Upstream.Traits.StreamOptions, Clamp(exchange, attempt.Upstream.Traits.MaxCompletionTokens ? "max_completion_tokens" : "max_tokens")), relay)
        {
            Headers = ForwardedHeaders.ToChat(exchange.Http.Request.Headers, attempt.Upstream, flavour),
            Dropped = attempt.Upstream.IsEngine ? EngineDrops.Of(exchange) : [],
        };
    }

    protected override string AnswerId(Exchange exchange) => AnswerIds.Chat(exchange.RequestId, flavour);

    protected override IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream) =>
        ForwardedHeaders.Crossing(exchange.Http.Request.Headers, upstream);
}
