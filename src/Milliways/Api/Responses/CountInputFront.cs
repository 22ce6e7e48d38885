using System.Buffers;
using System.Globalization;
using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;
using ChatErrors = Milliways.Dialects.OpenAiChat.Errors;

namespace Milliways.Api.Responses;

/// <summary>
/// POST /v1/responses/input_tokens (dialects 3.1): the upstream's own count where it counts (Anthropic, the engine), an estimate elsewhere. The conversation
/// that <c>previous_response_id</c> names counts too.
/// </summary>
internal sealed class CountInputFront(Flavour flavour, StoredResponses stored) : IFront
{
    private CountInputFront? _other;

    public Operation Operation => Operation.CountTokens;

    public Flavour Flavour => flavour;

    public bool NeedsMessages => false;

    public ReadOnlySpan<byte> KeepAlive => default;

    public IFront In(Flavour wanted) => wanted == flavour ? this : _other ??= new CountInputFront(wanted, stored) { _other = this };

    public bool IsSameDialect(Upstream upstream) => false;

    public string RouteName(RequestFacts facts) => facts.Model;

    public async ValueTask<Failure?> BeginAsync(Exchange exchange) => await stored.LoadAsync(exchange) ?? Read(exchange).Failure;

    public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt)
    {
        if (attempt.Upstream.UriFor(Operation.CountTokens, attempt.Model, stream: false) is not null)
            return null;
        var request = Read(exchange);
        if (!request.IsOk)
            return (Reading<byte[]>)request.Failure;
        var count = TokenEstimate.OfPrompt(request.Value);
        return (Reading<byte[]>)Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"object\":\"response.input_tokens\",\"input_tokens\":{count}}}"));
    }

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt)
    {
        var request = Read(exchange);
        if (!request.IsOk)
            return request.Failure;
        var (body, dropped) = (new ArrayBufferWriter<byte>(exchange.Body.Length + 256), new SortedSet<string>(StringComparer.Ordinal));
        // A bound on the output is no part of a count, and Anthropic's count refuses one.
        var refused = attempt.Upstream.Wire.WriteRequest(request.Value with { Stream = false }, attempt.Upstream.Target(attempt.Model, exchange.IsStrict), body, dropped);
        return refused is null ? new PreparedCall(body.WrittenMemory, new CountRelay()) { Dropped = dropped, Headers = ForwardedHeaders.Crossing(exchange.Http.Request.Headers, attempt.Upstream) } : refused;
    }

    public int Status(Failure failure) => ChatErrors.Status(failure, flavour);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => ChatErrors.Write(failure, flavour, output);

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => ChatErrors.Write(failure, flavour, output);

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) =>
        UpstreamRefusal.Read(attempt, status, body, retryAfter);

    private static Reading<ChatRequest> Read(Exchange exchange) => NeutralRequest.Of(exchange, body => ResponsesFront.Read(body, exchange));

    /// <summary>A count as Anthropic and the engine give it, named as OpenAI names it.</summary>
    private sealed class CountRelay : IRelay
    {
        private readonly WholeBytesRelay _inner = new("input_tokens", static _ => null);

        public bool NeedsWholeBody => true;

        public RelayState State => _inner.State;

        public Failure? Failure => _inner.Failure;

        public bool HasContent => _inner.HasContent;

        public string ContentType => _inner.ContentType;

        public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter) => _inner.Feed(upstream, endOfBody, caller, meter);

        public void WriteTail(IBufferWriter<byte> caller, long? cost = null)
        {
            var count = new ArrayBufferWriter<byte>();
            _inner.WriteTail(count);
            caller.Write(BodyMembers.With(count.WrittenMemory, "object"u8, "\"response.input_tokens\""u8).Span);
        }
    }
}
