using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;

namespace Milliways.Api.Grpc;

/// <summary>What every front of this protocol does first: the deadline, and the message within its bound and the server's budget.</summary>
internal static class GrpcCall
{
    /// <summary>Reads the message of an exchange.</summary>
    public static async ValueTask<Reading<T>> ReadAsync<T>(Exchange exchange, GrpcConfig config) where T : class, IMessage<T>, new()
    {
        exchange.Log?.RequestType = "grpc";
        if (ReadDeadline(exchange) is { } wrong)
            return wrong;
        var message = await GrpcRequestBody.ReadAsync(
            exchange.Http, config.MaxMessageBytes, bytes => exchange.Budget.Reserve(exchange, bytes), () => exchange.Await(Waiting.Body), exchange.Cancel);
        exchange.Await(Waiting.Nothing);
        return message.IsOk ? WireMessage.Read<T>(message.Value.Bytes.Span) : exchange.Stopped ?? message.Failure;
    }

    /// <summary>How long the caller waits; null: it does not say.</summary>
    /// <returns>Why it cannot wait so long.</returns>
    public static Failure? ReadDeadline(HttpRequest request, out TimeSpan? deadline)
    {
        deadline = null;
        var text = request.Headers[GrpcProtocol.Timeout].ToString();
        if (text.Length == 0)
            return null;
        if (!GrpcTimeout.TryParse(text, out var timeout))
            return Failure.Invalid($"{GrpcProtocol.Timeout} is \"{text}\": it must be up to eight digits and one of H, M, S, m, u, n.", GrpcProtocol.Timeout);
        deadline = timeout;
        return timeout > TimeSpan.Zero ? null : new Failure(FailureKind.Timeout, FailureParty.Client, "deadline", "The deadline was over when the call came.");
    }

    /// <summary>The caller's deadline bounds the exchange, all attempts together, as <c>x-milliways-timeout-ms</c> does.</summary>
    private static Failure? ReadDeadline(Exchange exchange)
    {
        var wrong = ReadDeadline(exchange.Http.Request, out var deadline);
        if (wrong is null && deadline is not null && !(exchange.Limit <= deadline))
            exchange.Limit = deadline;
        return wrong;
    }
}
