using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;

using ApiKey = Milliways.Keys.ApiKey;

namespace Milliways.Api.Grpc;

/// <summary>
/// Chat.StartDeferredCompletion and GetDeferredCompletion, on the store of REST's deferred completions and in its form: whichever API began one, either can
/// fetch it.
/// </summary>
internal sealed class GrpcDeferredFront(GrpcConfig config, GrpcConversations conversations, DeferredCompletions deferred, TimeProvider clock)
    : GrpcChatFront(XaiGrpcDialect.Instance, config, conversations, clock)
{
    private readonly TimeProvider _clock = clock;

    /// <summary>The deadline is that of the call, which ends with the id: the answer has its own time.</summary>
    public override async ValueTask<Failure?> ReadBodyAsync(Exchange exchange)
    {
        var limit = exchange.Limit;
        var wrong = await base.ReadBodyAsync(exchange);
        exchange.Limit = limit;
        return wrong;
    }

    public override ValueTask<Failure?> BeginAsync(Exchange exchange)
    {
        exchange.Detachment = deferred.Defer(exchange, static (http, id) => GrpcAnswer.WriteAsync(http, new StartDeferredResponse { RequestId = id }));
        return ValueTask.FromResult<Failure?>(null);
    }

    /// <summary>The answer is read later, as JSON.</summary>
    protected override ICallerDialect CallerOf(Exchange exchange) => exchange.Keeper is GrpcKeeper keeper ? new KeepingDialect(ChatDialect.Instance, keeper) : ChatDialect.Instance;

    public async ValueTask<Reading<GetDeferredCompletionResponse>> TakeAsync(ApiKey key, string id)
    {
        if (await deferred.TakeAsync(key, id) is not { } found)
            return DeferredCompletions.Unknown(id);
        if (found.IsWaiting)
            return new GetDeferredCompletionResponse { Status = DeferredStatus.Pending };
        if (found.Status != StatusCodes.Status200OK)
        {
            // It is read now and gone: a client that tries the reading again, as after UNAVAILABLE, would hear of an unknown id.
            var failure = ChatDialect.Instance.ReadError(found.Status, found.Body, retryAfter: null);
            return Statuses.CodeOf(failure) == global::Grpc.Core.StatusCode.Unavailable ? failure with { Kind = FailureKind.Internal } : failure;
        }
        var fold = new ChatFold();
        ChatDialect.Instance.ReadAnswer(found.Body, fold);
        return fold.IsComplete
            ? new GetDeferredCompletionResponse { Status = DeferredStatus.Done, Response = AnswerWriter.Write(fold, GrpcConversations.Facts(fold, id, found.Created, _clock), costTicks: Responses.ResponseObject.CostOf(found.Body)) }
            : fold.Failure ?? Failure.Broken("deferred", "The answer that was kept cannot be read.");
    }
}
