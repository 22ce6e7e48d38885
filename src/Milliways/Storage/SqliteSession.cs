using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Milliways.Hosting;
using SQLitePCL;

namespace Milliways.Storage;

/// <summary>One connection to a SQLite file.</summary>
internal sealed class SqliteSession : DatabaseSession
{
    private const int RowsTogether = 32;

    private readonly string _file;
    private readonly string _synchronous;

    private bool _create;
    private bool _givesSpaceBack;

    /// <summary>A further session on a file whose schema is today's; it connects when it is first used.</summary>
    public SqliteSession(string file, string synchronous) => (_file, _synchronous) = (file, synchronous);

    public override string Name => _file;

    public override string ForUpdate => "";

    protected override bool CanConnect => true;

    protected override bool Numbered => false;

    /// <summary>Opens or creates the file and brings its schema up to date.</summary>
    /// <param name="file">The database's path.</param>
    /// <param name="schema">What is in it.</param>
    /// <param name="synchronous"><c>FULL</c>: a commit survives power loss; <c>NORMAL</c>: it survives the end of the process, however that comes.</param>
    /// <exception cref="UserErrorException">The file is no database, damaged, not writable, or newer than this executable.</exception>
    public static SqliteSession Open(string file, Schema schema, string synchronous)
    {
        var session = new SqliteSession(file, synchronous) { _create = true, _givesSpaceBack = schema.GivesSpaceBack };
        try
        {
            session.Connect();
            Migrations.Apply(session, schema);
            DataDirectory.Protect(file);
            return session;
        }
        catch (Exception failed) when ((failed as SqliteException ?? failed.InnerException as SqliteException) is { } unusable)
        {
            session.Dispose();
            throw new UserErrorException(
                $"The database {file} cannot be used ({unusable.SqliteErrorCode}: {unusable.Message.TrimEnd('.')}): restore a backup, or name another directory with --data.", inner: unusable);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public override T Alone<T>(Func<T> work) => Transact(work);

    public override int Version(Schema schema) => Query("PRAGMA user_version", row => row.GetInt32(0))[0];

    /// <summary>
    /// A connection is used by one thread at a time (<see cref="DatabaseThread"/>), so SQLite need not lock at each call, nor keep a statistic of its memory behind a lock that all
    /// connections share (https://www.sqlite.org/threadsafe.html). Said before the first connection is opened; afterwards it would be refused, and nothing but slower.
    /// </summary>
    static SqliteSession()
    {
        Batteries_V2.Init();
        _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MULTITHREAD);
        _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
    }

    public override void Migrate(Schema schema, string sql, int version)
    {
        Script(sql, seconds: 0);
        Script(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}"), seconds: 0);
    }

    public override void WatchTable(WatchedTable table, IReadOnlyList<string> columns) => Script(ChangeTriggers.ForSqlite(table, columns), seconds: 0);

    /// <summary>SQLite's <c>data_version</c>: asking for it reads one page of shared memory.</summary>
    public override long? ForeignCommits() => Query("PRAGMA data_version", row => row.GetInt64(0))[0];

    public override void GiveBack(int pages) => Query($"PRAGMA incremental_vacuum({pages.ToString(CultureInfo.InvariantCulture)})", _ => 0);

    /// <summary>One server has the files: its own clock.</summary>
    public override long Now(TimeProvider time) => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The connection knows the last row's number: nothing has to be read for it.</summary>
    public override long? Insert(string sql, string key, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Execute(sql, parameters) == 0 ? null : raw.sqlite3_last_insert_rowid(((SqliteConnection)Connection).Handle);

    /// <summary>Some rows with one statement, and what is left one by one: two texts are kept prepared and no more.</summary>
    protected override int InsertTogether(RowInsert insert, ReadOnlySpan<Cell> cells)
    {
        var (width, inserted) = (insert.Columns.Count, 0);
        for (int rows; cells.Length > 0; cells = cells[(rows * width)..])
        {
            rows = cells.Length >= RowsTogether * width ? RowsTogether : 1;
            inserted += Run(insert.Places(rows), cells[..(rows * width)], (statement, part, _) => ((SqliteStatement)statement).Execute(insert.Columns, part));
        }
        return inserted;
    }

    protected override Statement Prepare(DbConnection connection, string sql) => new SqliteStatement((SqliteConnection)connection, sql);

    public override long Microseconds(TimeProvider time) => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    protected override DbConnection Open()
    {
        // Private before SQLite sees it: its journals take the mode of the file. An empty file is a new database.
        if (_create && !File.Exists(_file))
            MakePrivate();
        var settings = new SqliteConnectionStringBuilder { DataSource = _file, Mode = SqliteOpenMode.ReadWrite, Pooling = false, DefaultTimeout = 10 };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // One of two words of the source.
            // How a file gives back space is laid down in its first page, which the journal's mode writes.
            // The right edges of ten indexes fit the cache, and hot pages are copied from the log to the file once for thousands of rows: a fifth less work for each (bench/Logs).
            command.CommandText = $"PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000; {(_givesSpaceBack ? "PRAGMA auto_vacuum = INCREMENTAL; " : "")}PRAGMA journal_mode = WAL; PRAGMA synchronous = {_synchronous}; PRAGMA foreign_keys = ON";
#pragma warning restore CA2100
            command.ExecuteNonQuery();
            return connection;
        }
        catch (SqliteException failed)
        {
            connection.Dispose();
            throw Judge(failed).Meaning;
        }
    }

    private void MakePrivate()
    {
        try
        {
            DataDirectory.OpenPrivate(_file).Dispose();
        }
        catch (IOException) when (File.Exists(_file))
        {
            // Another process makes it at the same moment, as private as this one would.
        }
    }

    /// <summary>The connection to a file is never lost: what it cannot do now it may do later (https://www.sqlite.org/rescode.html).</summary>
    protected override (Exception Meaning, bool Lost) Judge(DbException failed) => failed is not SqliteException sqlite ? (failed, false) : sqlite.SqliteErrorCode switch
    {
        5 or 6 or 8 or 10 or 11 or 13 or 14 or 26 => (new DatabaseAwayException($"The database {_file} cannot be used at the moment ({sqlite.SqliteErrorCode}: {sqlite.Message.TrimEnd('.')}).", sqlite), false),
        19 => (new DatabaseConflictException(sqlite.Message, sqlite), false),
        _ => (sqlite, false),
    };
}
