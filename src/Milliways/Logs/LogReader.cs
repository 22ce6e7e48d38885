using System.Globalization;
using Milliways.Storage;

namespace Milliways.Logs;

/// <summary>Reads entries, of one team at a time.</summary>
internal sealed class LogReader(LogDatabase database)
{
    /// <summary>Up to so many entries with a metadata value are gathered; of more the next page is soon full anyway.</summary>
    private const long Rare = 20_000;

    /// <summary>A page of a team's entries, the newest first unless the query says otherwise.</summary>
    /// <exception cref="DatabaseException">The store cannot be read at the moment.</exception>
    public async Task<List<LogEntry>> ListAsync(LogQuery query) => (await PageAsync(query)).Entries;

    /// <summary>The same, with where it ended when it is not full and not all entries were looked through: there the search goes on; null: there are no more.</summary>
    /// <exception cref="DatabaseException">The store cannot be read at the moment.</exception>
    public Task<(List<LogEntry> Entries, LogCursor? Looked)> PageAsync(LogQuery query) => database.ReadAsync<(List<LogEntry>, LogCursor?)>(session =>
    {
        var sql = new LogSql(query, filter => IsRare(session, query.Team, filter));
        var (page, end, look) = (sql.Page, sql.End, ("$look", (object?)(long)sql.Look));
        if (!sql.IsBounded)
            return (session.Query(page, LogRows.Read, sql.Parameters(page, ("$limit", (long)query.Limit))), null);
        var entries = session.Query(page, LogRows.Read, sql.Parameters(page, look, ("$limit", (long)query.Limit)));
        if (entries.Count == query.Limit)
            return (entries, null);
        return (entries, session.Query(end, row => new LogCursor(row.GetInt64(0), row.GetString(1)), sql.Parameters(end, look)) is [var last] ? last : null);
    });

    /// <summary>The entries of one request, the last step first: by the id of the entry or of the request.</summary>
    /// <exception cref="DatabaseException">The store cannot be read at the moment.</exception>
    public Task<List<LogEntry>> FindAsync(string team, string id) => database.ReadAsync(session => session.Query(
        $"SELECT {LogRows.Columns} FROM logs WHERE team || '' = $team AND (id = $id OR request_id = $id) ORDER BY step DESC, seq DESC", LogRows.Read, ("$team", team), ("$id", id)));

    /// <summary>What was sent and answered; null: it was not kept.</summary>
    /// <exception cref="DatabaseException">The store cannot be read at the moment.</exception>
    public Task<LogPayload?> PayloadAsync(string team, string id) => database.ReadAsync(session => session.Query(
        "SELECT p.request_head, p.request_body, p.response_head, p.response_body FROM log_payloads p JOIN logs l ON l.seq = p.seq WHERE l.team = $team AND l.id = $id",
        row => new LogPayload(row.GetString(0), row.GetFieldValue<byte[]>(1), row.GetString(2), row.GetFieldValue<byte[]>(3)), ("$team", team), ("$id", id)) is [var payload] ? payload : null);

    /// <summary>The number of the entry that was written last; 0: there is none.</summary>
    /// <exception cref="DatabaseException">The store cannot be read at the moment.</exception>
    public Task<long> LastAsync() => database.ReadAsync(session => session.Query("SELECT coalesce(max(seq), 0) FROM logs", row => row.GetInt64(0))[0]);

    private static bool IsRare(DatabaseSession session, string team, LogFilter filter)
    {
        if (filter.Operator != FilterOperator.Eq)
            return false;
        var names = filter.Values.Select((value, at) => (Name: string.Create(CultureInfo.InvariantCulture, $"$v{at}"), Value: (object?)value)).ToList();
        return session.Query(
            $"SELECT count(*) FROM (SELECT 1 FROM log_metadata WHERE team = $team AND {filter.Field.Column} IN ({string.Join(", ", names.Select(name => name.Name))}) LIMIT $rare) AS few",
            row => row.GetInt64(0), [("$team", team), .. names, ("$rare", Rare)])[0] < Rare;
    }
}
