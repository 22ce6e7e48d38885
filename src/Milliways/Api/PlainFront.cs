using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>Operations that have one dialect and whole answers: embeddings, tokenize-text. Bytes go through with the model's name edited.</summary>
/// <param name="mark">The member that every good answer has.</param>
internal sealed class PlainFront(Operation operation, Flavour flavour, string mark, ModelPrefix? modelPrefix = null) : IFront
{
    private PlainFront? _other;

    public Operation Operation => operation;

    public IFront In(Flavour wanted) => wanted == flavour ? this : _other ??= new PlainFront(operation, wanted, mark, modelPrefix) { _other = this };

    public Flavour Flavour => flavour;

    public ReadOnlySpan<byte> KeepAlive => default;

    public bool IsSameDialect(Upstream upstream) => upstream.Dialect == UpstreamDialect.OpenAiChat;

    public string RouteName(RequestFacts facts) => modelPrefix is null ? facts.Model : modelPrefix.RouteName(facts.Model);

    public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt) =>
        new PreparedCall(BodyEdit.Apply(exchange.Body, exchange.Facts with { Stream = false }, attempt.Model, askUsage: false), new WholeBytesRelay(mark, WholeUsage.OfChat));

    public int Status(Failure failure) => Errors.Status(failure, flavour);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, flavour, output);

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, flavour, output);

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) =>
        UpstreamRefusal.Read(attempt, status, body, retryAfter);
}
