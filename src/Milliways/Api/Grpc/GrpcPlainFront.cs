using System.Buffers;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Api.Grpc;

/// <summary>
/// An operation with one form upstream, which is REST's: its message becomes that JSON, REST's own front does the rest, and the JSON of the answer becomes a
/// message. One object serves one call.
/// </summary>
/// <param name="form">How messages and JSON correspond.</param>
/// <param name="endpoints">Of ACLs.</param>
/// <param name="config">Bounds of messages.</param>
internal sealed class GrpcPlainFront<TRequest>(IJsonForm<TRequest> form, KeyEndpoints endpoints, GrpcConfig config) : IFront where TRequest : class, IMessage<TRequest>, new()
{
    private IFront _rest = form.RestOf(new TRequest());
    private readonly GrpcStatus _status = new(config);
    private TRequest _request = new();

    public Operation Operation => _rest.Operation;

    public Flavour Flavour => Flavour.Xai;

    public ReadOnlySpan<byte> KeepAlive => default;

    public ITrailingStatus? Trailing => _status;

    public KeyEndpoints EndpointsOf(HttpContext http) => endpoints;

    public bool IsSameDialect(Upstream upstream) => _rest.IsSameDialect(upstream);

    public string RouteName(RequestFacts facts) => facts.Model;

    public async ValueTask<Failure?> ReadBodyAsync(Exchange exchange)
    {
        var message = await GrpcCall.ReadAsync<TRequest>(exchange, config);
        if (!message.IsOk)
            return message.Failure;
        (_request, _rest) = (message.Value, form.RestOf(message.Value));
        var body = form.Write(message.Value);
        if (!body.IsOk)
            return body.Failure;
        exchange.Body = body.Value;
        return exchange.Budget.Reserve(exchange, body.Value.Length);
    }

    public Uri? AddressAt(Exchange exchange, Attempt attempt) => _rest.AddressAt(exchange, attempt);

    public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt)
    {
        var prepared = _rest.Prepare(exchange, attempt);
        return prepared.IsOk ? prepared.Value with { Relay = new JsonToMessage(prepared.Value.Relay, json => form.Read(_request, json, attempt.Model)) } : prepared;
    }

    public int Status(Failure failure) => _rest.Status(failure);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => _rest.WriteFailure(failure, requestId, output);

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => _rest.WriteStreamFailure(failure, requestId, output);

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) => _rest.ReadRefusal(attempt, status, body, retryAfter);
}
