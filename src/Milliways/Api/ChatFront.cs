using System.Buffers;
using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;
using StreamWriter = Milliways.Dialects.OpenAiChat.StreamWriter;

namespace Milliways.Api;

/// <summary>POST .../chat/completions in one flavour.</summary>
/// <param name="flavour">xAI's on /v1 and the grok provider path, OpenAI's on compat (contract).</param>
/// <param name="modelPrefix">A prefix that the address's model names carry, such as compat's <c>grok/</c>.</param>
internal sealed class ChatFront(Flavour flavour, ModelPrefix? modelPrefix = null, TimeProvider? clock = null) : IFront
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    public Operation Operation => Operation.Chat;

    public Flavour Flavour => flavour;

    public ReadOnlySpan<byte> KeepAlive => SseWriter.KeepAlive;

    public bool IsSameDialect(Upstream upstream) => upstream.Dialect == UpstreamDialect.OpenAiChat;

    public string RouteName(RequestFacts facts) => modelPrefix is null ? facts.Model : modelPrefix.RouteName(facts.Model);

    public ReadOnlyMemory<byte>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt) =>
        IsSameDialect(attempt.Upstream) ? Same(exchange, attempt) : Cross(exchange, attempt);

    public int Status(Failure failure) => Errors.Status(failure, flavour);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, flavour, output);

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
        using var body = new PooledWriter();
        Errors.Write(failure, flavour, body);
        SseWriter.Data(output, body.Written);
    }

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) =>
        UpstreamRefusal.Read(attempt, status, body, retryAfter);

    /// <summary>Chat to Chat: the original bytes with the listed edits.</summary>
    private Reading<PreparedCall> Same(Exchange exchange, Attempt attempt)
    {
        var facts = exchange.Facts;
        IRelay relay = facts.Stream
            ? new BytesRelay(new ChatStreamObserver(stripUsage: !facts.IncludeUsage, facts.N))
            : new WholeBytesRelay("choices", WholeUsage.OfChat);
        return new PreparedCall(BodyEdit.Apply(exchange.Body, facts, attempt.Model, askUsage: true), relay)
        {
            Headers = ForwardedHeaders.ToChat(exchange.Http.Request.Headers, attempt.Upstream, flavour),
            Dropped = attempt.Upstream.IsEngine ? EngineDrops.Of(exchange) : [],
        };
    }

    /// <summary>Chat to Messages, through the neutral model.</summary>
    private Reading<PreparedCall> Cross(Exchange exchange, Attempt attempt)
    {
        var request = NeutralRequest.OfChat(exchange);
        if (!request.IsOk)
            return request.Failure;
        var (body, dropped) = (new ArrayBufferWriter<byte>(exchange.Body.Length + 256), new SortedSet<string>(StringComparer.Ordinal));
        var failure = Dialects.Anthropic.RequestWriter.Write(
            request.Value, new Dialects.Anthropic.MessagesWriteOptions { Model = attempt.Model }, body, dropped);
        if (failure is not null)
            return failure;
        var names = ToolNames.Of(request.Value);
        IRelay relay = request.Value.Stream
            ? new CrossRelay(new Dialects.Anthropic.StreamReader(), (output, model) => new StreamWriter(output, Options(exchange, model ?? attempt.Model)), names)
            : new FoldRelay(Dialects.Anthropic.ResponseReader.Read, (fold, output) => ResponseWriter.Write(fold, Options(exchange, fold.Model ?? attempt.Model), output), names);
        return new PreparedCall(body.WrittenMemory, relay) { Dropped = dropped, Headers = ForwardedHeaders.AnthropicVersionOnly };
    }

    private OpenAiWriteOptions Options(Exchange exchange, string model) => new()
    {
        Flavour = flavour,
        Id = AnswerIds.Chat(exchange.RequestId, flavour),
        Model = model,
        Created = _clock.GetUtcNow().ToUnixTimeSeconds(),
        IncludeUsage = exchange.Facts.IncludeUsage,
        Fingerprint = flavour == Flavour.Xai ? Fingerprints.Of(model) : null,
    };
}
