using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Hosting.Configuration;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Api.Grpc;

/// <summary>Documents.Search: what POST /v1/documents/search passes to xAI, in messages.</summary>
internal sealed class GrpcSearchFront(GrpcConfig config, LiveRouting routing) : IFront
{
    private readonly GrpcStatus _status = new(config);

    public Operation Operation => Operation.PassThrough;

    public Flavour Flavour => Flavour.Xai;

    /// <summary>It names no model, which is what a body is scanned for.</summary>
    public bool ReadsBody => false;

    public ReadOnlySpan<byte> KeepAlive => default;

    public ITrailingStatus? Trailing => _status;

    public KeyEndpoints EndpointsOf(HttpContext http) => KeyEndpoints.Documents;

    public bool IsSameDialect(Upstream upstream) => true;

    public string RouteName(RequestFacts facts) => facts.Model;

    public async ValueTask<Failure?> BeginAsync(Exchange exchange)
    {
        var message = await GrpcCall.ReadAsync<SearchRequest>(exchange, config);
        var body = message.IsOk ? SearchForm.Write(message.Value) : message.Failure;
        if (!body.IsOk)
            return body.Failure;
        exchange.Body = body.Value;
        return exchange.Budget.Reserve(exchange, body.Value.Length);
    }

    public Reading<Route>? RouteOf(Exchange exchange) => PassThrough.PassThroughFront.RouteToXai(routing, "documents", isRepeatable: false);

    public Uri? AddressAt(Exchange exchange, Attempt attempt) => attempt.Upstream.Dialect is UpstreamDialect.OpenAiChat or UpstreamDialect.OpenAiResponses ? attempt.Upstream.At("/documents/search") : null;

    public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt) =>
        new PreparedCall(exchange.Body, new JsonToMessage(new WholeBytesRelay("matches", static _ => null), static json => SearchForm.Read(json)));

    public int Status(Failure failure) => Errors.Status(failure, Flavour.Xai);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, Flavour.Xai, output);

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, Flavour.Xai, output);

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) => UpstreamRefusal.Read(attempt, status, body, retryAfter);
}
