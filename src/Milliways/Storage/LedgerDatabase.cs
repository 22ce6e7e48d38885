using System.Data.Common;
using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>
/// What lasts: teams, keys, the books. In <c>ledger.db</c> or in PostgreSQL. <see cref="Execute"/>, <see cref="Query"/> and <see cref="Transact(Action)"/> block, and are for the
/// start and for commands; while serving, work goes to threads of its own by <see cref="RunAsync"/> and <see cref="ReadAsync"/>.
/// </summary>
internal sealed class LedgerDatabase : IDisposable, IAsyncDisposable
{
    private const int SqliteReaders = 2;
    private const int PostgresReaders = 3;

    /// <summary>A commit survives power loss.</summary>
    private const string Synchronous = "FULL";

    private readonly string _file;
    private readonly DatabaseSession _session;
    private readonly Lock _one = new();
    private readonly Lock _opening = new();
    private DatabaseThread? _writer;
    private DatabaseThread? _readers;

    private LedgerDatabase(DatabaseAddress address, string file)
    {
        (Address, _file) = (address, file);
        _session = address.Open(Schema.Ledger, file, Synchronous);
    }

    public DatabaseAddress Address { get; }

    /// <summary>Opens or creates the file and brings its schema up to date.</summary>
    /// <exception cref="UserErrorException">The file is no database, damaged, not writable, or newer than this executable.</exception>
    public static LedgerDatabase Open(string file) => new(DatabaseAddress.Files(Path.GetDirectoryName(Path.GetFullPath(file))!), Path.GetFileName(file));

    /// <summary>Opens or creates the database at an address and brings its schema up to date.</summary>
    /// <exception cref="UserErrorException">It cannot be used or reached, or is newer than this executable.</exception>
    public static LedgerDatabase Open(DatabaseAddress address) => new(address, "ledger.db");

    /// <summary>A further connection with a thread of its own, for work that must not wait behind others. The caller disposes it.</summary>
    public DatabaseThread OpenThread(string name) => OpenThreads(name, 1);

    /// <summary>Several such connections that share their work, whose order does not matter then.</summary>
    public DatabaseThread OpenThreads(string name, int count) => new([.. Enumerable.Range(0, count).Select(_ => Another())], name);

    /// <summary>Runs work on the writer's thread, in the order in which it is asked for; several changes that belong together in a <c>Transact</c> of the session.</summary>
    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    /// <exception cref="DatabaseAwayException">The database cannot be reached.</exception>
    public Task<T> RunAsync<T>(Func<DatabaseSession, T> work)
    {
        lock (_opening)
            _writer ??= OpenThread("ledger writer");
        return _writer.RunAsync(work);
    }

    /// <summary>Runs work that only reads, beside the writer and other readers; it may be run twice.</summary>
    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    /// <exception cref="DatabaseAwayException">The database cannot be reached.</exception>
    public Task<T> ReadAsync<T>(Func<DatabaseSession, T> work)
    {
        lock (_opening)
            _readers ??= OpenThreads("ledger reader", Address.Postgres is null ? SqliteReaders : PostgresReaders);
        return _readers.ReadAsync(work);
    }

    /// <summary>Runs one statement with its parameters; returns the number of changed rows. Blocks.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        MayBlock();
        lock (_one)
            return _session.Execute(sql, parameters);
    }

    /// <summary>All rows of a query, each made by <paramref name="read"/>. Blocks.</summary>
    public List<T> Query<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        MayBlock();
        lock (_one)
            return _session.Query(sql, read, parameters);
    }

    /// <summary>Runs several changes as one: all of them are there after a crash, or none. Within another it is a part of that one. Blocks.</summary>
    public void Transact(Action work)
    {
        MayBlock();
        lock (_one)
            _session.Transact(() =>
            {
                work();
                return true;
            });
    }

    /// <summary>As <see cref="Transact(Action)"/>, for work that is given the session.</summary>
    public T Transact<T>(Func<DatabaseSession, T> work)
    {
        MayBlock();
        lock (_one)
            return _session.Transact(() => work(_session));
    }

    /// <summary>Runs what only one process may do at a time, whichever machine it is on. Blocks until it is our turn.</summary>
    public T Alone<T>(Func<T> work)
    {
        MayBlock();
        lock (_one)
            return _session.Alone(work);
    }

    /// <summary>Work that is given the session, at once, on this thread. Blocks.</summary>
    public T Run<T>(Func<DatabaseSession, T> work)
    {
        MayBlock();
        lock (_one)
            return work(_session);
    }

    public void Dispose()
    {
        _session.Dispose();
        _readers?.End();
        _writer?.End();
    }

    /// <summary>What is waiting is done first.</summary>
    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        if (_readers is not null)
            await _readers.DisposeAsync();
        if (_writer is not null)
            await _writer.DisposeAsync();
    }

    /// <summary>
    /// A thread of the sockets must not wait for PostgreSQL, whose answer comes through a socket: it would wait for itself until the time-out. Completions run
    /// there inline (<see cref="KestrelSetup.Inline"/>), so a front gets here that has not yielded.
    /// </summary>
    /// <exception cref="InvalidOperationException">This is such a thread: the source is wrong.</exception>
    private void MayBlock()
    {
        if (Address.Postgres is not null && Thread.CurrentThread.Name == ".NET Sockets")
            throw new InvalidOperationException("The database was asked on a socket's thread: use RunAsync or ReadAsync.");
    }

    private DatabaseSession Another() => Address.Another(_file, Synchronous);
}
