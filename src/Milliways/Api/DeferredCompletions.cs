using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Stored;

namespace Milliways.Api;

/// <summary>
/// xAI's deferred chat completions (xai-api 1.3.7): the caller gets an id at once, the exchange goes on without it, the answer is read once within
/// 24 hours. We run it ourselves, so it works with every upstream; <c>deferred</c> never goes on.
/// </summary>
internal sealed class DeferredCompletions(AnswerStore answers)
{
    private static readonly Failure Interrupted = new(FailureKind.Overloaded, FailureParty.Gateway, "interrupted",
        "The server was stopped before this deferred completion was done: send the request again.");

    /// <summary>Looks whether a Chat request is to be deferred, and prepares it if so.</summary>
    public Failure? Begin(Exchange exchange)
    {
        if (exchange.Facts.DeferredAt is null)
            return null;
        if (exchange.Facts.Stream)
            return Failure.Invalid("`deferred` and `stream` exclude each other: leave one of them away.", "deferred");
        exchange.Body = BodyMembers.Without(exchange.Body, "deferred"u8);
        exchange.Facts = RequestScanner.Read(exchange.Body.Span).Value!;
        exchange.Detachment = Defer(exchange, static (http, id) => JsonAnswer.WriteAsync(http, new DeferredRequest(id), ApiJson.Default.DeferredRequest));
        return null;
    }

    /// <summary>What lets an exchange go on by itself, its answer being kept.</summary>
    /// <param name="answer">Tells the caller the id.</param>
    public IDetachment Defer(Exchange exchange, Func<HttpContext, string, Task> answer) => new Detachment(this, exchange.RequestId, answer);

    /// <summary>A deferred answer; one that is there is taken away. Null: there is none.</summary>
    public Task<StoredAnswer?> TakeAsync(ApiKey key, string id) => answers.TakeAsync(key.Team.Account, id);

    /// <summary>GET /v1/chat/deferred-completion/{request_id}.</summary>
    public async Task GetAsync(HttpContext http, ApiKey key, string id)
    {
        // Asking for the head alone takes nothing away.
        var found = HttpMethods.IsHead(http.Request.Method)
            ? await answers.FindAsync(StoredKind.Deferred, key.Team.Account, id)
            : await TakeAsync(key, id);
        if (found is null)
        {
            await FailureAnswer.WriteAsync(http, ErrorWriters.Of(key.Flavour ?? Flavour.Xai), Unknown(id));
            return;
        }
        if (found.IsWaiting)
        {
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            http.Response.ContentLength = 0;
            return;
        }
        var response = http.Response;
        response.StatusCode = found.Status;
        response.ContentType = "application/json";
        KeptHeaders.Restore(found.Headers, response.Headers);
        response.ContentLength = found.Body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await response.Body.WriteAsync(found.Body, http.RequestAborted);
    }

    public static Failure Unknown(string id) => new(FailureKind.NotFound, FailureParty.Client, "route",
        $"There is no deferred completion {id}: it was read already, is older than 24 hours, or was never begun.");

    private async ValueTask<Failure?> AcceptAsync(Exchange exchange, string id) =>
        await answers.AcceptAsync(new StoredAnswer(StoredKind.Deferred, exchange.Key!.Team.Account, id)
        {
            IsWaiting = true,
            Status = exchange.Front.Status(Interrupted),
            Body = [],
            Interrupted = FailureAnswer.Body(exchange.Front, Interrupted, exchange.RequestId),
        });

    private async ValueTask FinishedAsync(Exchange exchange, string id, DetachedContext context)
    {
        var (status, headers, body) = (context.Status, KeptHeaders.Of(context.Headers), context.Answer);
        if (body.Length is 0 or > AnswerStore.MostBytes)
        {
            var failure = new Failure(FailureKind.Internal, FailureParty.Gateway, "deferred",
                body.Length == 0 ? $"An internal error occurred. Quote the request id {exchange.RequestId} when you report it." : "The answer is larger than 32 MiB, the most that is kept.");
            (status, headers, body) = (exchange.Front.Status(failure), "", FailureAnswer.Body(exchange.Front, failure, exchange.RequestId));
        }
        await answers.FinishAsync(new StoredAnswer(StoredKind.Deferred, exchange.Key!.Team.Account, id) { Status = status, Headers = headers, Body = body });
    }

    private sealed class Detachment(DeferredCompletions owner, string requestId, Func<HttpContext, string, Task> answer) : IDetachment
    {
        /// <summary>The request's own id as xAI writes one.</summary>
        private readonly string _id = AnswerIds.Chat(requestId, Flavour.Xai);

        public ValueTask<Failure?> AcceptAsync(Exchange exchange) => owner.AcceptAsync(exchange, _id);

        public Task AnswerCallerAsync(HttpContext http) => answer(http, _id);

        public void Started(DetachedContext context) { }

        public ValueTask FinishedAsync(Exchange exchange, DetachedContext context) => owner.FinishedAsync(exchange, _id, context);
    }
}

internal sealed record DeferredRequest(string RequestId);
