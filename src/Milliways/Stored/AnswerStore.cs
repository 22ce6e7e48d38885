using System.Data.Common;
using Milliways.Dialects.Chat;
using Milliways.Storage;

namespace Milliways.Stored;

/// <summary>
/// Answers that are kept for their callers. Every question names a team, and another team's row looks like none. What is too old is never given out, whether the
/// sweep has come by or not.
/// </summary>
internal sealed class AnswerStore(StoredDatabase database, Epochs epochs, TimeProvider time, ILogger<AnswerStore> log)
{
    /// <summary>How long a response is kept (xai-api 1.6.1).</summary>
    public static readonly TimeSpan ResponseLife = TimeSpan.FromDays(30);

    /// <summary>How long a deferred answer waits for its reader (xai-api 1.3.7).</summary>
    public static readonly TimeSpan DeferredLife = TimeSpan.FromHours(24);

    /// <summary>The most bytes of one answer and its input.</summary>
    public const int MostBytes = 32 << 20;

    /// <summary>The most deferred answers, and the most background responses, that a team may have waiting.</summary>
    public const int MostWaiting = 1000;

    /// <summary>The most responses of a team, and their most bytes; the oldest go first.</summary>
    public const int MostResponses = 10_000;

    public const long MostResponseBytes = 1L << 30;

    /// <summary>The longest conversation that is put together again.</summary>
    public const int MostTurns = 500;

    private const string Columns = "kind, team, id, state, created, status, headers, body, interrupted, input, previous, holder, held_as";

    /// <summary>Keeps an answer that is there; one of the same team and id is replaced. False, and a line in the log, when it could not be kept.</summary>
    public Task<bool> PutAsync(StoredAnswer answer) => KeepAsync(answer, session => Insert(session, answer) > 0);

    /// <summary>Keeps a place for an answer that is still to come; a failure when the team has as many waiting as it may.</summary>
    public async Task<Failure?> AcceptAsync(StoredAnswer waiting)
    {
        try
        {
            return await TryAcceptAsync(waiting) ? null : new Failure(FailureKind.RateLimited, FailureParty.Client, "stored", waiting.Kind == StoredKind.Deferred
                ? $"Your team has {MostWaiting} deferred completions that wait or were not read yet: read some first."
                : $"Your team has {MostWaiting} background responses that are not done: wait for some, or cancel some.") { RetryAfterSeconds = 10 };
        }
        catch (DatabaseBusyException)
        {
            return new Failure(FailureKind.Overloaded, FailureParty.Gateway, "stored", "The server has too many answers to keep at the moment: try again shortly.") { RetryAfterSeconds = 1 };
        }
    }

    private Task<bool> TryAcceptAsync(StoredAnswer waiting) => database.WriteAsync(session =>
    {
        // A deferred answer takes its place until it is read; a response only until it is there.
        var taken = session.Query(
            "SELECT count(*) FROM answers WHERE team = $team AND kind = $kind AND (state = 'waiting' OR kind = 'deferred') AND expires > $now",
            row => row.GetInt64(0), ("$team", waiting.Team), ("$kind", Word(waiting.Kind)), ("$now", Now))[0];
        return taken < MostWaiting && Insert(session, waiting) > 0;
    });

    /// <summary>The awaited answer is there; false when nobody waits for it any more: it was cancelled, deleted, or is too old.</summary>
    public Task<bool> FinishAsync(StoredAnswer done) => KeepAsync(done, session => session.Execute(
        """
        UPDATE answers SET state = 'done', status = $status, headers = $headers, body = $body, bytes = $bytes + coalesce(length(input), 0),
          interrupted = NULL, holder = $holder, held_as = $held_as
        WHERE team = $team AND id = $id AND kind = $kind AND state = 'waiting'
        """,
        ("$status", done.Status), ("$headers", done.Headers), ("$body", done.Body), ("$bytes", done.Body.Length), ("$holder", done.Holder?.Upstream), ("$held_as", done.Holder?.Id),
        ("$team", done.Team), ("$id", done.Id), ("$kind", Word(done.Kind))) > 0);

    public Task<StoredAnswer?> FindAsync(StoredKind kind, string team, string id) => database.ReadAsync(session => Find(session, kind, team, id));

    /// <summary>A deferred answer, which nobody gets a second time; one that still waits stays.</summary>
    public Task<StoredAnswer?> TakeAsync(string team, string id) => database.WriteAsync(session =>
    {
        var found = Find(session, StoredKind.Deferred, team, id);
        // Of two readers on two servers the second one finds nothing to delete.
        return found is { IsWaiting: false } && Delete(session, StoredKind.Deferred, team, id) == 0 ? null : found;
    });

    /// <summary>What was deleted, or null.</summary>
    public Task<StoredAnswer?> DeleteAsync(StoredKind kind, string team, string id) => database.WriteAsync(session =>
    {
        var found = Find(session, kind, team, id);
        return Delete(session, kind, team, id) == 0 ? null : found;
    });

    /// <summary>
    /// A response and those before it, the oldest first; or the newest first up to an id that could not be found, or up to one that an upstream gave out
    /// twice, so that the response before is not what it was.
    /// </summary>
    public Task<(List<StoredAnswer> Turns, string? Missing, string? Twice)> ConversationAsync(string team, string id) => database.ReadAsync(session =>
    {
        var turns = new List<StoredAnswer>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (string? at = id; at is not null && turns.Count < MostTurns;)
        {
            if (!seen.Add(at))
                return (turns, null, at);
            if (Find(session, StoredKind.Response, team, at) is not { } turn)
                return (turns, (string?)at, (string?)null);
            turns.Add(turn);
            at = turn.Previous;
        }
        turns.Reverse();
        return (turns, null, null);
    });

    /// <summary>What a process left unfinished that is not there any more gets the body that says so.</summary>
    public async Task<int> InterruptAsync()
    {
        var running = await database.ReadAsync(session => session.Query("SELECT DISTINCT coalesce(epoch, 0) FROM answers WHERE state = 'waiting'", row => row.GetInt64(0)));
        var interrupted = 0;
        foreach (var epoch in await epochs.GoneAsync(running))
            interrupted += await database.WriteAsync(session => session.Execute(
                "UPDATE answers SET state = 'done', body = interrupted, interrupted = NULL WHERE state = 'waiting' AND coalesce(epoch, 0) = $epoch", ("$epoch", epoch)));
        return interrupted;
    }

    /// <summary>Forgets what is too old and what a team has too much of.</summary>
    public Task<int> SweepAsync() => database.WriteAsync(session =>
        session.Execute("DELETE FROM answers WHERE expires <= $now", ("$now", Now))
        + session.Execute(
            """
            DELETE FROM answers WHERE (team, id) IN (
              SELECT team, id FROM (
                SELECT team, id, row_number() OVER newest AS place, sum(bytes) OVER newest AS total
                FROM answers WHERE kind = 'response' AND state = 'done'
                WINDOW newest AS (PARTITION BY team ORDER BY created DESC, id DESC ROWS UNBOUNDED PRECEDING)) AS newest_first
              WHERE place > $count OR total > $bytes)
            """,
            ("$count", MostResponses), ("$bytes", MostResponseBytes)));

    private async Task<bool> KeepAsync(StoredAnswer answer, Func<DatabaseSession, bool> write)
    {
        try
        {
            return await database.WriteAsync(write);
        }
        catch (Exception lost) when (lost is DatabaseException or DbException)
        {
            log.LogError("The answer {Id} could not be kept: {Reason}", answer.Id, lost.Message);
            return false;
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private int Insert(DatabaseSession session, StoredAnswer answer)
    {
        var now = time.GetUtcNow();
        var life = answer.Kind == StoredKind.Response ? ResponseLife : DeferredLife;
        return session.Execute(
            $"""
            INSERT INTO answers ({Columns}, expires, bytes, epoch)
            VALUES ($kind, $team, $id, $state, $created, $status, $headers, $body, $interrupted, $input, $previous, $holder, $held_as, $expires, $bytes, $epoch)
            ON CONFLICT (team, id) DO UPDATE SET kind = excluded.kind, state = excluded.state, created = excluded.created, status = excluded.status,
              headers = excluded.headers, body = excluded.body, interrupted = excluded.interrupted, input = excluded.input, previous = excluded.previous,
              holder = excluded.holder, held_as = excluded.held_as, expires = excluded.expires, bytes = excluded.bytes, epoch = excluded.epoch
            """,
            ("$kind", Word(answer.Kind)), ("$team", answer.Team), ("$id", answer.Id), ("$state", answer.IsWaiting ? "waiting" : "done"),
            ("$created", now.ToUnixTimeMilliseconds()), ("$status", answer.Status), ("$headers", answer.Headers), ("$body", answer.Body),
            ("$interrupted", answer.Interrupted), ("$input", answer.Input), ("$previous", answer.Previous), ("$holder", answer.Holder?.Upstream),
            ("$held_as", answer.Holder?.Id), ("$expires", (now + life).ToUnixTimeMilliseconds()), ("$bytes", answer.Body.Length + (answer.Input?.Length ?? 0)),
            ("$epoch", answer.IsWaiting ? epochs.Current : null));
    }

    private StoredAnswer? Find(DatabaseSession session, StoredKind kind, string team, string id) => session.Query(
        $"SELECT {Columns} FROM answers WHERE team = $team AND id = $id AND kind = $kind AND expires > $now", Read,
        ("$team", team), ("$id", id), ("$kind", Word(kind)), ("$now", Now)) is [var found] ? found : null;

    private static int Delete(DatabaseSession session, StoredKind kind, string team, string id) =>
        session.Execute("DELETE FROM answers WHERE team = $team AND id = $id AND kind = $kind", ("$team", team), ("$id", id), ("$kind", Word(kind)));

    private static StoredAnswer Read(DbDataReader row) =>
        new(row.GetString(0) == "response" ? StoredKind.Response : StoredKind.Deferred, row.GetString(1), row.GetString(2))
        {
            IsWaiting = row.GetString(3) == "waiting",
            Created = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)),
            Status = row.GetInt32(5),
            Headers = row.GetString(6),
            Body = row.GetFieldValue<byte[]>(7),
            Interrupted = row.IsDBNull(8) ? null : row.GetFieldValue<byte[]>(8),
            Input = row.IsDBNull(9) ? null : row.GetFieldValue<byte[]>(9),
            Previous = row.IsDBNull(10) ? null : row.GetString(10),
            Holder = row.IsDBNull(11) ? null : (row.GetString(11), row.GetString(12)),
        };

    private static string Word(StoredKind kind) => kind == StoredKind.Response ? "response" : "deferred";
}
