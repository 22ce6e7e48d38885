using System.Buffers;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;
using StreamWriter = Milliways.Dialects.Anthropic.StreamWriter;

namespace Milliways.Api;

/// <summary>POST .../messages: always Anthropic's dialect, told by the path and never by headers (contract).</summary>
/// <param name="modelPrefix">How the address's model names are read; null: as they are.</param>
internal sealed class MessagesFront(ModelPrefix? modelPrefix = null) : IFront
{
    public Operation Operation => Operation.Chat;

    public Flavour Flavour => Flavour.OpenAi;

    /// <summary>Anthropic's own sign of life; its SDKs pass over it wherever it stands, before message_start too (dialects 4.16, 6.3).</summary>
    public ReadOnlySpan<byte> KeepAlive => SseWriter.Ping;

    public bool IsSameDialect(Upstream upstream) => upstream.Dialect == UpstreamDialect.Anthropic;

    public string RouteName(RequestFacts facts) => modelPrefix is null ? facts.Model : modelPrefix.RouteName(facts.Model);

    public ReadOnlyMemory<byte>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt) =>
        IsSameDialect(attempt.Upstream) ? Same(exchange, attempt) : Cross(exchange, attempt);

    public int Status(Failure failure) => Errors.Status(failure);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, output, requestId);

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
        using var body = new PooledWriter();
        Errors.Write(failure, body, requestId);
        SseWriter.Event(output, "error"u8, body.Written);
    }

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) =>
        UpstreamRefusal.Read(attempt, status, body, retryAfter);

    private static Reading<PreparedCall> Same(Exchange exchange, Attempt attempt)
    {
        IRelay relay = exchange.Facts.Stream
            ? new BytesRelay(new MessagesStreamObserver())
            : new WholeBytesRelay("content", WholeUsage.OfMessages);
        return new PreparedCall(BodyEdit.Apply(exchange.Body, exchange.Facts, attempt.Model, askUsage: false), relay)
        {
            Headers = ForwardedHeaders.ToAnthropic(exchange.Http.Request.Headers),
        };
    }

    private static Reading<PreparedCall> Cross(Exchange exchange, Attempt attempt)
    {
        var request = NeutralRequest.OfMessages(exchange);
        if (!request.IsOk)
            return request.Failure;
        var body = ChatBody.For(request.Value, attempt, exchange.Body.Length, out var dropped);
        if (!body.IsOk)
            return body.Failure;
        var (names, estimate) = (ToolNames.Of(request.Value), TokenEstimate.OfPrompt(request.Value));
        IRelay relay = request.Value.Stream
            ? new CrossRelay(new Dialects.OpenAiChat.StreamReader(), (output, model) =>
                new StreamWriter(output, Options(exchange, model ?? attempt.Model, estimate)), names)
            : new FoldRelay(Dialects.OpenAiChat.ResponseReader.Read, (fold, output) =>
                ResponseWriter.Write(fold, Options(exchange, fold.Model ?? attempt.Model, 1), output), names);
        return new PreparedCall(body.Value.WrittenMemory, relay)
        {
            Dropped = attempt.Upstream.IsEngine ? [.. dropped, .. EngineDrops.Of(exchange)] : dropped,
            Headers = ForwardedHeaders.ToChatFromMessages(exchange.Http.Request.Headers, attempt.Upstream),
        };
    }

    private static AnthropicWriteOptions Options(Exchange exchange, string model, long inputEstimate) => new()
    {
        Id = AnswerIds.Message(exchange.RequestId),
        Model = model,
        InputEstimate = Math.Max(1, inputEstimate),
    };
}
