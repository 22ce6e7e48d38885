using System.Collections.Concurrent;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Stored;
using ResponsesErrors = Milliways.Dialects.OpenAiResponses.Errors;

namespace Milliways.Api.Responses;

/// <summary>
/// What /v1/responses keeps: answers by id, conversations that go on from one, and responses that are made in the background. All of it belongs to
/// the team of the key; another team's id looks unknown.
/// </summary>
internal sealed class StoredResponses(AnswerStore answers, TimeProvider time)
{
    private const string Interrupted = "The server was stopped before this response was done: send the request again.";

    private readonly ConcurrentDictionary<(string Team, string Id), DetachedContext> _running = new();

    public static ResponseWish WishOf(Exchange exchange) => (ResponseWish)exchange.FrontState!;

    /// <summary>Reads what is wanted of the store, and finds the conversation that goes on.</summary>
    public async ValueTask<Failure?> LoadAsync(Exchange exchange)
    {
        var read = ResponseWish.Read(exchange.Body.Span);
        if (!read.IsOk)
            return read.Failure;
        exchange.FrontState = read.Value;
        if (read.Value.PreviousId is not { } previous)
            return null;
        var earlier = await EarlierAsync(exchange.Key!.Team.Account, previous);
        if (!earlier.IsOk)
            return earlier.Failure;
        exchange.FrontState = read.Value with { Earlier = earlier.Value };
        return null;
    }

    /// <summary>The conversation that ends with a response, the oldest first.</summary>
    public async ValueTask<Reading<List<StoredAnswer>>> EarlierAsync(string team, string previous)
    {
        var (turns, missing, twice) = await answers.ConversationAsync(team, previous);
        if (missing is not null)
            return NotFound(previous, missing);
        if (twice is not null)
            return Failure.Invalid($"The conversation of the previous response '{previous}' cannot be put together: its upstream gave the id '{twice}' to two responses. Send the conversation as `input`.", "previous_response_id");
        if (turns.Count >= AnswerStore.MostTurns)
            return Failure.Invalid($"The conversation has more than {AnswerStore.MostTurns} responses: begin a new one, with a summary as input.", "previous_response_id");
        if (turns[^1].IsWaiting)
            return Failure.Invalid($"The previous response '{previous}' is not done yet: wait for it, or cancel it.", "previous_response_id");
        return turns;
    }

    /// <summary>As <see cref="LoadAsync"/>, and arranges that the answer is kept.</summary>
    public async ValueTask<Failure?> BeginAsync(Exchange exchange, Func<string> newId)
    {
        if (await LoadAsync(exchange) is { } failure)
            return failure;
        var wish = WishOf(exchange);
        if (wish.IsBackground && exchange.Facts.Stream)
            return Failure.Unsupported("`background` and `stream` exclude each other here: leave one of them away, and ask GET /v1/responses/{id} for a background response.", "background");
        if (wish.IsBackground && !wish.Stores)
            return Failure.Invalid("`background` needs `store`: a response that is not kept could never be read.", "background");
        if (wish.IsBackground)
            exchange.Detachment = new BackgroundResponse(this, wish, newId(), time.GetUtcNow().ToUnixTimeSeconds());
        else if (wish.Stores)
            exchange.Keeper = new Keeper(this, wish);
        return null;
    }

    public Task<StoredAnswer?> FindAsync(string team, string id) => answers.FindAsync(StoredKind.Response, team, id);

    public Task<(List<StoredAnswer> Turns, string? Missing, string? Twice)> ConversationAsync(string team, string id) => answers.ConversationAsync(team, id);

    /// <summary>Forgets a response; one that is still being made is ended.</summary>
    public async Task<StoredAnswer?> DeleteAsync(string team, string id)
    {
        var deleted = await answers.DeleteAsync(StoredKind.Response, team, id);
        if (_running.TryGetValue((team, id), out var context))
            context.Abort();
        return deleted;
    }

    /// <summary>Ends a background response; one that is done stays as it is. Returns it as it is then, or null.</summary>
    public async Task<StoredAnswer?> CancelAsync(string team, string id)
    {
        if (await FindAsync(team, id) is not { IsWaiting: true } waiting)
            return await FindAsync(team, id);
        // Whoever writes first decides: an answer that came in this moment is not lost.
        await answers.FinishAsync(waiting with { Body = ResponseObject.With(waiting.Body, ("status", "\"cancelled\"")), Interrupted = null });
        if (_running.TryGetValue((team, id), out var context))
            context.Abort();
        return await FindAsync(team, id);
    }

    /// <summary>An upstream of the same dialect keeps the response under its own id, unless it says otherwise.</summary>
    private static (string, string)? HolderOf(Exchange exchange, ReadOnlySpan<byte> response) =>
        exchange.Answering is { } attempt && exchange.Front.IsSameDialect(attempt.Upstream) && !ResponseObject.IsFalse(response, "store") && ResponseObject.Text(response, "id") is { } id
            ? (attempt.Upstream.Name, id) : null;

    private static Failure NotFound(string previous, string missing) => Failure.Invalid(missing == previous
        ? $"Previous response with id '{previous}' not found: it was deleted, is older than 30 days, was sent with \"store\": false, or was never made."
        : $"The conversation of the previous response '{previous}' cannot be put together: its response '{missing}' is not kept any more.", "previous_response_id")
        with { Code = "previous_response_not_found" };

    private sealed class Keeper(StoredResponses owner, ResponseWish wish) : IAnswerKeeper
    {
        public async ValueTask KeepAsync(Exchange exchange, ReadOnlyMemory<byte> tail)
        {
            if (ResponseObject.AtEnd(tail.Span) is not { } response || ResponseObject.Text(response, "id") is not { } id || response.Length + wish.Input.Length > AnswerStore.MostBytes)
                return;
            await owner.PutAsync(new StoredAnswer(StoredKind.Response, exchange.Key!.Team.Account, id)
            {
                Body = wish.PreviousId is null ? response : ResponseObject.With(response, ("previous_response_id", ResponseObject.Quote(wish.PreviousId))),
                Input = wish.Input,
                Previous = wish.PreviousId,
                Holder = HolderOf(exchange, response),
            });
        }
    }

    private sealed class BackgroundResponse(StoredResponses owner, ResponseWish wish, string id, long created) : IDetachment
    {
        private byte[] _begun = [];
        private string _team = "";

        public async ValueTask<Failure?> AcceptAsync(Exchange exchange)
        {
            _team = exchange.Key!.Team.Account;
            _begun = ResponseObject.Begun(exchange.Body.Span, id, created, wish.PreviousId, "in_progress");
            return await owner.AcceptAsync(new StoredAnswer(StoredKind.Response, _team, id)
            {
                IsWaiting = true,
                Body = _begun,
                Interrupted = ResponseObject.Failed(_begun, "server_error", Interrupted),
                Input = wish.Input,
                Previous = wish.PreviousId,
            });
        }

        public Task AnswerCallerAsync(HttpContext http) => ResponseEndpoints.WriteAsync(http, ResponseObject.With(_begun, ("status", "\"queued\"")));

        public void Started(DetachedContext context) => owner._running[(_team, id)] = context;

        public async ValueTask FinishedAsync(Exchange exchange, DetachedContext context)
        {
            owner._running.TryRemove((_team, id), out _);
            var answer = context.Answer;
            var isAnswer = context.Status == StatusCodes.Status200OK && answer.Length is > 0 and <= AnswerStore.MostBytes;
            await owner.FinishAsync(new StoredAnswer(StoredKind.Response, _team, id)
            {
                Body = isAnswer
                    ? ResponseObject.With(answer, ("id", ResponseObject.Quote(id)), ("background", "true"), ("store", "true"), ("created_at", created.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                        ("previous_response_id", wish.PreviousId is null ? "null" : ResponseObject.Quote(wish.PreviousId)))
                    : ResponseObject.Failed(_begun, exchange.Failed is { } failed ? ResponsesErrors.Code(failed) : "server_error", answer.Length > AnswerStore.MostBytes ? "The answer is larger than 32 MiB, the most that is kept." : ResponseObject.ErrorMessage(answer)),
                Holder = isAnswer ? HolderOf(exchange, answer) : null,
            });
        }
    }

    public Task<bool> PutAsync(StoredAnswer answer) => answers.PutAsync(answer);

    private Task<Failure?> AcceptAsync(StoredAnswer waiting) => answers.AcceptAsync(waiting);

    private Task<bool> FinishAsync(StoredAnswer done) => answers.FinishAsync(done);
}
