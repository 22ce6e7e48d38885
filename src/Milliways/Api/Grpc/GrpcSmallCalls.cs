using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using Milliways.Keys;
using ServedKey = Milliways.Keys.ApiKey;

namespace Milliways.Api.Grpc;

/// <summary>Methods that ask no upstream: key, deadline, one small message in, one message out.</summary>
internal sealed class GrpcSmallCalls(GrpcConfig config, KeyGate keys, TimeProvider time)
{
    /// <summary>A name, an id, nothing: no message of a method that is not the walk's is larger.</summary>
    private const int MostBytes = 64 << 10;

    /// <summary>A method that needs a key and its message, and no exchange.</summary>
    public Func<HttpContext, Task> Method<TRequest, TResponse>(KeyEndpoints endpoints, Func<HttpContext, ServedKey, TRequest, ValueTask<Reading<TResponse>>> answer)
        where TRequest : class, IMessage<TRequest>, new() where TResponse : class, IMessage => async http =>
    {
        var key = keys.Authenticate(http, endpoints);
        if (!key.IsOk)
        {
            GrpcHost.Refuse(http, key.Failure);
            return;
        }
        await AnswerAsync(http, key.Value, answer);
    };

    /// <summary>Also of a key that is disabled or blocked.</summary>
    public async Task AboutKeyAsync(HttpContext http)
    {
        var key = keys.Identify(http);
        if (key.IsOk)
            await AnswerAsync<Empty, Dialects.XaiGrpc.Protos.ApiKey>(http, key.Value, static (_, key, _) => new(GrpcApiKey.Of(key)));
        else
            GrpcHost.Refuse(http, key.Failure);
    }

    private async Task AnswerAsync<TRequest, TResponse>(HttpContext http, ServedKey key, Func<HttpContext, ServedKey, TRequest, ValueTask<Reading<TResponse>>> answer)
        where TRequest : class, IMessage<TRequest>, new() where TResponse : class, IMessage
    {
        if (GrpcCall.ReadDeadline(http.Request, out var deadline) is { } wrong)
        {
            GrpcHost.Refuse(http, wrong);
            return;
        }
        using var late = new CancellationTokenSource(deadline < OpenExchanges.BodyStall ? deadline.Value : OpenExchanges.BodyStall, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(late.Token, http.RequestAborted);
        var body = await GrpcRequestBody.ReadAsync(http, MostBytes, static _ => null, static () => { }, over.Token);
        if (!body.IsOk && late.IsCancellationRequested)
            body = new Failure(FailureKind.Timeout, FailureParty.Client, "deadline", "The call's message was not complete in time.");
        var message = body.IsOk ? WireMessage.Read<TRequest>(body.Value.Bytes.Span) : body.Failure;
        var answered = message.IsOk ? await answer(http, key, message.Value) : message.Failure;
        if (!answered.IsOk)
            GrpcHost.Refuse(http, answered.Failure);
        else if (answered.Value.CalculateSize() > config.MaxMessageBytes)
            GrpcHost.Refuse(http, GrpcFrame.TooLarge(config.MaxMessageBytes));
        else
            await GrpcAnswer.WriteAsync(http, answered.Value);
    }
}
