using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using Milliways.Upstreams;

namespace Milliways.Api.Grpc;

/// <summary>A front over gRPC that crosses to any upstream: frames out, and the outcome behind them.</summary>
/// <param name="dialect">Writes the answers.</param>
/// <param name="config">Bounds of messages.</param>
/// <param name="clock">For <c>created</c>.</param>
/// <param name="check">As of <see cref="GrpcStatus"/>.</param>
internal abstract class GrpcFront(ICallerDialect dialect, GrpcConfig config, TimeProvider clock, FrameCheck? check = null) : CrossingFront(dialect, null, clock)
{
    private readonly GrpcStatus _status = new(config, check);

    /// <summary>Bounds of messages.</summary>
    protected GrpcConfig Config => config;

    public override Flavour Flavour => Flavour.Xai;

    public override ReadOnlySpan<byte> KeepAlive => default;

    public override ITrailingStatus? Trailing => _status;

    /// <summary>The message's reader sees to it.</summary>
    public override bool NeedsMessages => false;

    public override bool IsSameDialect(Upstream upstream) => false;

    /// <summary>Takes what a message was read into: itself, and the JSON that gates and log look into.</summary>
    protected static Failure? Take(Exchange exchange, ChatRequest request)
    {
        var body = GrpcBody.Of(request);
        if (!body.IsOk)
            return body.Failure;
        (exchange.Body, exchange.Chat) = (body.Value, request);
        return exchange.Budget.Reserve(exchange, body.Value.Length);
    }

    protected override int MostMessageBytes => config.MaxMessageBytes;

    /// <summary>As the log has it: what a REST caller would have got.</summary>
    public override int Status(Failure failure) => Errors.Status(failure, Flavour.Xai);

    /// <summary>Of an answer that is kept instead of sent.</summary>
    public override void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, Flavour.Xai, output);

    /// <summary>Never asked: the status says it.</summary>
    public override void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, Flavour.Xai, output);

    protected override string AnswerId(Exchange exchange) => AnswerIds.Chat(exchange.RequestId, Flavour.Xai);

    protected override IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream) =>
        ForwardedHeaders.Crossing(exchange.Http.Request.Headers, upstream);
}
