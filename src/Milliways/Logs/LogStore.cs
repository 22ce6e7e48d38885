using System.Data.Common;
using Milliways.Storage;

namespace Milliways.Logs;

/// <summary>Writes entries, and deletes the oldest in small steps.</summary>
internal sealed class LogStore(LogDatabase database, TimeProvider time)
{
    /// <summary>Entries that one step deletes: what waits for the writer meanwhile waits for a few milliseconds.</summary>
    public const int Step = 500;

    /// <summary>Bytes that it deletes at most, unless one entry has more.</summary>
    private const long StepBytes = 32 << 20;

    /// <summary>Free pages that one step gives back, of 4 KiB each.</summary>
    private const int Pages = 1024;

    /// <summary>Writes entries as one transaction; those that are there already are not written again.</summary>
    /// <returns>How many were left out because their gateway has as many as it may and deletes none.</returns>
    /// <exception cref="DatabaseException">None was written, or it is not known: the same call may be made again.</exception>
    public Task<int> WriteAsync(IReadOnlyList<(LogEntry Entry, LogPayload? Payload, LogPolicy Policy)> items) => database.WriteAsync(session =>
    {
        var (now, left) = (time.GetUtcNow().ToUnixTimeMilliseconds(), 0);
        // Teams and gateways always in one order, so that two servers never wait for each other.
        foreach (var gateway in items.GroupBy(item => (item.Entry.Team, Gateway: item.Entry.Gateway ?? "")).OrderBy(group => group.Key.Team, StringComparer.Ordinal).ThenBy(group => group.Key.Gateway, StringComparer.Ordinal))
        {
            var (all, room, written, bytes) = (gateway.ToList(), RoomOf(session, gateway.Key, gateway.Last().Policy), 0L, 0L);
            var at = 0;
            while (at < all.Count && written < room)
            {
                var some = all.GetRange(at, (int)Math.Min(room - written, all.Count - at));
                at += some.Count;
                var (more, larger) = Insert(session, some, now);
                (written, bytes) = (written + more, bytes + larger);
            }
            left += all.Count - at;
            if (written > 0)
                session.Execute(
                    "INSERT INTO log_counts (team, gateway, entries, bytes) VALUES ($team, $gateway, $written, $bytes) "
                    + "ON CONFLICT (team, gateway) DO UPDATE SET entries = log_counts.entries + $written, bytes = log_counts.bytes + $bytes",
                    ("$team", gateway.Key.Team), ("$gateway", gateway.Key.Gateway), ("$written", written), ("$bytes", bytes));
        }
        return left;
    });

    /// <summary>How many entries there are of each gateway.</summary>
    public Task<List<(string Team, string Gateway, long Entries)>> CountsAsync() => database.ReadAsync(session =>
        session.Query("SELECT team, gateway, entries FROM log_counts WHERE entries > 0", row => (row.GetString(0), row.GetString(1), row.GetInt64(2))));

    /// <summary>Deletes up to <see cref="Step"/> of the oldest entries of all, but none of the last <paramref name="most"/>; returns how many.</summary>
    public Task<int> DeleteBeyondAsync(long most) => database.WriteAsync(session =>
    {
        // Counted in the step itself: somebody else may be deleting too.
        var beyond = session.Query("SELECT coalesce(sum(entries), 0) FROM log_counts", row => row.GetInt64(0))[0] - most;
        return beyond <= 0 ? 0 : Count(session, session.Query(
            "DELETE FROM logs WHERE seq IN (SELECT seq FROM logs ORDER BY seq LIMIT $most) RETURNING team, gateway, size", Deleted, ("$most", Math.Min(beyond, Step))));
    });

    /// <summary>The same of one gateway.</summary>
    public Task<int> DeleteBeyondAsync(string team, string gateway, long most) => database.WriteAsync(session =>
    {
        var entries = session.Query("SELECT entries FROM log_counts WHERE team = $team AND gateway = $gateway" + session.ForUpdate, row => row.GetInt64(0), ("$team", team), ("$gateway", gateway));
        return entries is not [var all] || all <= most ? 0 : Count(session, session.Query(
            "DELETE FROM logs WHERE seq IN (SELECT seq FROM logs WHERE team = $team AND gateway = $gateway ORDER BY created, id LIMIT $most) RETURNING team, gateway, size", Deleted,
            ("$team", team), ("$gateway", gateway), ("$most", Math.Min(all - most, Step))));
    });

    /// <summary>Deletes those of the <see cref="Step"/> oldest entries that are older than that; returns how many.</summary>
    public Task<int> DeleteOlderAsync(DateTimeOffset than) => database.WriteAsync(session => Count(session, session.Query(
        "DELETE FROM logs WHERE seq IN (SELECT seq FROM logs ORDER BY seq LIMIT $most) AND created < $than RETURNING team, gateway, size", Deleted,
        ("$most", Step), ("$than", than.ToUnixTimeMilliseconds()))));

    /// <summary>Bytes that all entries take together.</summary>
    public Task<long> BytesAsync() => database.ReadAsync(Bytes);

    /// <summary>Deletes the oldest entries of all, up to <see cref="Step"/> and <see cref="StepBytes"/>, but none that fit within so many bytes; returns how many.</summary>
    public Task<int> DeleteBeyondBytesAsync(long most) => database.WriteAsync(session =>
    {
        var beyond = Bytes(session) - most;
        if (beyond <= 0)
            return 0;
        var (last, freed) = (0L, 0L);
        foreach (var (seq, size) in session.Query("SELECT seq, size FROM logs ORDER BY seq LIMIT $most", row => (row.GetInt64(0), row.GetInt64(1)), ("$most", Step)))
        {
            (last, freed) = (seq, freed + size);
            if (freed >= Math.Min(beyond, StepBytes))
                break;
        }
        return Count(session, session.Query("DELETE FROM logs WHERE seq <= $last RETURNING team, gateway, size", Deleted, ("$last", last)));
    });

    /// <summary>Gives space that deleted entries have left back to the file system.</summary>
    public Task<bool> GiveBackAsync() => database.GiveBackAsync(Pages);

    private static (string Team, string Gateway, long Size) Deleted(DbDataReader row) => (row.GetString(0), row.GetString(1), row.GetInt64(2));

    private static long Bytes(DatabaseSession session) => session.Query("SELECT coalesce(sum(bytes), 0) FROM log_counts", row => row.GetInt64(0))[0];

    private static long RoomOf(DatabaseSession session, (string Team, string Gateway) of, LogPolicy policy) =>
        policy is not { WhenFull: WhenFull.StopInserting, MaxRows: { } most } ? long.MaxValue
        : session.Query("SELECT entries FROM log_counts WHERE team = $team AND gateway = $gateway", row => row.GetInt64(0), ("$team", of.Team), ("$gateway", of.Gateway)) is [var entries]
            ? most - entries : most;

    /// <summary>Writes those that are not there yet; returns how many, and their bytes.</summary>
    private static (long Written, long Bytes) Insert(DatabaseSession session, List<(LogEntry Entry, LogPayload? Payload, LogPolicy Policy)> some, long now)
    {
        var sizes = some.ConvertAll(item => LogRows.SizeOf(item.Entry, item.Payload));
        var given = session.InsertAll(LogRows.Insert, "seq", [.. some.Select((item, i) => LogRows.Values(item.Entry, now, sizes[i]))]);
        var (written, bytes) = (0L, 0L);
        var (metadata, payloads) = (new List<(string, object?)[]>(), new List<(string, object?)[]>());
        for (var i = 0; i < some.Count; i++)
        {
            if (given[i] is not { } seq)
                continue;
            (written, bytes) = (written + 1, bytes + sizes[i]);
            var (entry, payload, _) = some[i];
            foreach (var (name, value) in entry.MetadataEntries)
                metadata.Add([("$seq", seq), ("$team", entry.Team), ("$name", name), ("$value", value)]);
            if (payload is not null)
                payloads.Add([("$seq", seq), ("$request", payload.RequestHead), ("$asked", payload.RequestBody), ("$response", payload.ResponseHead), ("$answered", payload.ResponseBody)]);
        }
        session.ExecuteAll("INSERT INTO log_metadata (seq, team, name, value) VALUES ($seq, $team, $name, $value) ON CONFLICT (seq, name) DO NOTHING", metadata);
        session.ExecuteAll("INSERT INTO log_payloads (seq, request_head, request_body, response_head, response_body) VALUES ($seq, $request, $asked, $response, $answered)", payloads);
        return (written, bytes);
    }

    private static int Count(DatabaseSession session, List<(string Team, string Gateway, long Size)> deleted)
    {
        foreach (var gateway in deleted.GroupBy(one => (one.Team, one.Gateway)).OrderBy(group => group.Key.Team, StringComparer.Ordinal).ThenBy(group => group.Key.Gateway, StringComparer.Ordinal))
            session.Execute("UPDATE log_counts SET entries = entries - $deleted, bytes = bytes - $freed WHERE team = $team AND gateway = $gateway",
                ("$deleted", gateway.Count()), ("$freed", gateway.Sum(one => one.Size)), ("$team", gateway.Key.Team), ("$gateway", gateway.Key.Gateway));
        return deleted.Count;
    }
}
