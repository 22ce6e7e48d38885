using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>
/// POST /v1/messages/count_tokens (dialects 2.8): the upstream's own count where it counts (Anthropic, the engine), an estimate elsewhere
/// (one token for three bytes of text and four a message), which docs/ says.
/// </summary>
internal sealed class CountTokensFront : IFront
{
    public Operation Operation => Operation.CountTokens;

    public Flavour Flavour => Flavour.OpenAi;

    public ReadOnlySpan<byte> KeepAlive => default;

    public bool IsSameDialect(Upstream upstream) => upstream.Dialect == UpstreamDialect.Anthropic;

    public string RouteName(RequestFacts facts) => facts.Model;

    public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt)
    {
        if (attempt.Upstream.UriFor(Operation.CountTokens, attempt.Model, stream: false) is not null)
            return null;
        var request = NeutralRequest.Of(exchange, Read);
        if (!request.IsOk)
            return (Reading<byte[]>)request.Failure;
        return (Reading<byte[]>)JsonSerializer.SerializeToUtf8Bytes(new TokenCount(TokenEstimate.OfPrompt(request.Value)), ApiJson.Default.TokenCount);
    }

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt)
    {
        var relay = new WholeBytesRelay("input_tokens", static _ => null);
        if (IsSameDialect(attempt.Upstream))
            return new PreparedCall(BodyEdit.Apply(exchange.Body, exchange.Facts, attempt.Model, askUsage: false), relay)
            {
                Headers = ForwardedHeaders.ToAnthropic(exchange.Http.Request.Headers),
            };
        var request = NeutralRequest.Of(exchange, Read);
        if (!request.IsOk)
            return request.Failure;
        var (body, dropped) = (new ArrayBufferWriter<byte>(exchange.Body.Length + 256), new SortedSet<string>(StringComparer.Ordinal));
        var refused = attempt.Upstream.Wire.WriteRequest(request.Value, attempt.Upstream.Target(attempt.Model, exchange.IsStrict), body, dropped);
        return refused is null ? new PreparedCall(body.WrittenMemory, relay) { Dropped = dropped } : refused;
    }

    private static Reading<ChatRequest> Read(ReadOnlyMemory<byte> body) => RequestReader.Read(body, needsMaxTokens: false);

    public int Status(Failure failure) => Errors.Status(failure);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, output, requestId);

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, output, requestId);

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) =>
        UpstreamRefusal.Read(attempt, status, body, retryAfter);
}
