using System.Data.Common;
using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>
/// <c>ledger.db</c>: teams, keys and books. One connection; SQLite's provider blocks, so it is used directly at start and by commands, and by a thread of its
/// own for what happens while serving; never on a request's path.
/// </summary>
internal sealed class LedgerDatabase : IDisposable
{
    private readonly DatabaseSession _session;
    private readonly DatabaseThread _thread;
    private readonly Lock _one = new();

    private LedgerDatabase(DatabaseSession session) => (_session, _thread) = (session, new DatabaseThread(session, "ledger.db"));

    /// <summary>Opens or creates the file and brings its schema up to date.</summary>
    /// <exception cref="UserErrorException">The file is no database, damaged, not writable, or newer than this executable.</exception>
    public static LedgerDatabase Open(string file) => new(SqliteSession.Open(file, Schema.Ledger, synchronous: "FULL"));

    /// <summary>Runs one statement with its parameters; returns the number of changed rows.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        lock (_one)
            return _session.Execute(sql, parameters);
    }

    /// <summary>All rows of a query, each made by <paramref name="read"/>.</summary>
    public List<T> Query<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        lock (_one)
            return _session.Query(sql, read, parameters);
    }

    /// <summary>Runs several changes as one: all of them are there after a crash, or none.</summary>
    public void Transact(Action work)
    {
        lock (_one)
            _session.Transact(() =>
            {
                work();
                return true;
            });
    }

    /// <summary>Works on the database's own thread, in the order in which it is asked for.</summary>
    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    public Task<T> RunAsync<T>(Func<DatabaseSession, T> work) => _thread.RunAsync(_ => Run(work));

    /// <summary>Works at once, on this thread: at start and in commands.</summary>
    public T Run<T>(Func<DatabaseSession, T> work)
    {
        lock (_one)
            return work(_session);
    }

    /// <summary>A number that changes when another connection has changed the file; our own changes do not count.</summary>
    public long ForeignChanges() => Query("PRAGMA data_version", row => row.GetInt64(0))[0];

    public void Dispose() => _ = _thread.DisposeAsync().AsTask(); // which closes the connection when its work is done
}
