using System.Data.Common;

namespace Milliways.Storage;

/// <summary>
/// One connection to a database whose schema is this version's. For one thread at a time; the providers block. Statements are written once for SQLite and
/// PostgreSQL: parameters are <c>$name</c>, times are Unix milliseconds, truth is 0 or 1, ids are text, conflicts are told with <c>ON CONFLICT</c>.
/// </summary>
internal abstract class DatabaseSession : IDisposable
{
    private const int MostKept = 128;

    private readonly Dictionary<string, Statement> _kept = new(SqlTextComparer.Instance);
    private DbConnection? _connection;
    private DbTransaction? _transaction;

    /// <summary>The transaction has got an answer: from here on its work cannot be done again from its beginning without anybody noticing.</summary>
    private bool _answered;

    /// <summary>How the database is named in messages: its file, or its address without the password.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Put behind a SELECT, locks its rows until the transaction ends. Empty with SQLite, whose transactions come one after the other anyway; PostgreSQL's
    /// see what others commit in between (read committed).
    /// </summary>
    public abstract string ForUpdate { get; }

    /// <summary>The connection is gone, and the next statement would make a new one.</summary>
    public bool IsLost => _connection is null && CanConnect;

    /// <summary>Runs one statement with its parameters; returns the number of changed rows.</summary>
    /// <exception cref="DatabaseAwayException">The database cannot be reached or cannot write.</exception>
    /// <exception cref="DatabaseConflictException">A rule of the schema would be broken.</exception>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Run(sql, parameters, static (statement, values, session) => statement.Execute(values, session.Give));

    /// <summary>Inserts a row with a number that the database gives; returns it, or null when <c>ON CONFLICT DO NOTHING</c> left the row out.</summary>
    /// <param name="sql">An <c>INSERT</c> of one row, without <c>RETURNING</c>.</param>
    /// <param name="key">The column of the number.</param>
    /// <param name="parameters">A value for each parameter.</param>
    /// <exception cref="DatabaseAwayException">The database cannot be reached or cannot write.</exception>
    /// <exception cref="DatabaseConflictException">A rule of the schema would be broken.</exception>
    public virtual long? Insert(string sql, string key, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Query($"{sql} RETURNING {key}", row => row.GetInt64(0), parameters) is [var given] ? given : null;

    /// <summary>Inserts rows as <see cref="Insert"/> does each of them, in one round trip where the database is elsewhere.</summary>
    /// <returns>The number of each, or null.</returns>
    /// <exception cref="DatabaseAwayException">The database cannot be reached or cannot write.</exception>
    /// <exception cref="DatabaseConflictException">A rule of the schema would be broken.</exception>
    public List<long?> InsertAll(string sql, string key, IReadOnlyList<(string Name, object? Value)[]> rows)
    {
        var given = new List<long?>(rows.Count);
        if (!Current().CanCreateBatch)
        {
            foreach (var row in rows)
                given.Add(Insert(sql, key, row));
            return given;
        }
        RunBatch($"{sql} RETURNING {key}", rows, batch =>
        {
            using var reader = batch.ExecuteReader();
            do
                given.Add(reader.Read() ? reader.GetInt64(0) : null);
            while (reader.NextResult());
        });
        return given;
    }

    /// <summary>Runs one statement for each of several rows, in one round trip where the database is elsewhere.</summary>
    /// <exception cref="DatabaseAwayException">The database cannot be reached or cannot write.</exception>
    /// <exception cref="DatabaseConflictException">A rule of the schema would be broken.</exception>
    public void ExecuteAll(string sql, IReadOnlyList<(string Name, object? Value)[]> rows)
    {
        if (Current().CanCreateBatch)
            RunBatch(sql, rows, static batch => batch.ExecuteNonQuery());
        else
            foreach (var row in rows)
                Execute(sql, row);
    }

    /// <summary>Inserts rows of one table with as few statements as the database allows; returns how many were inserted. In a transaction: after an exception some of them may be there.</summary>
    /// <param name="insert">Where to.</param>
    /// <param name="cells">Row by row; whole rows.</param>
    /// <exception cref="DatabaseAwayException">The database cannot be reached or cannot write.</exception>
    /// <exception cref="DatabaseConflictException">A rule of the schema would be broken.</exception>
    /// <exception cref="InvalidOperationException">There is no transaction: the source is wrong.</exception>
    public int InsertRows(RowInsert insert, ReadOnlySpan<Cell> cells) =>
        _transaction is null ? throw new InvalidOperationException($"Rows of {insert.Table} are inserted in a transaction only.") : InsertTogether(insert, cells);

    protected abstract int InsertTogether(RowInsert insert, ReadOnlySpan<Cell> cells);

    /// <summary>All rows of a query, each made by <paramref name="read"/>.</summary>
    /// <exception cref="DatabaseAwayException">The database cannot be reached.</exception>
    /// <exception cref="DatabaseConflictException">A rule of the schema would be broken (INSERT ... RETURNING).</exception>
    public List<T> Query<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var statement = Take(sql);
        try
        {
            statement.Bind(parameters, Give);
            using var reader = statement.Command.ExecuteReader();
            _answered = true;
            var rows = new List<T>();
            while (reader.Read())
                rows.Add(read(reader));
            return rows;
        }
        catch (DbException failed)
        {
            throw Explain(failed);
        }
        finally
        {
            Keep(sql, statement);
        }
    }

    /// <summary>
    /// Runs several changes as one: all of them are there after a crash, or none. Within a transaction it is a part of that one. When the connection turns
    /// out to be dead before it has answered anything, the work is run once more on a new one.
    /// </summary>
    /// <exception cref="DatabaseAwayException">Nothing was done, or in the worst case it is not known: see there.</exception>
    public T Transact<T>(Func<T> work)
    {
        if (_transaction is not null)
            return work();
        try
        {
            return Once(work);
        }
        catch (DatabaseAwayException) when (IsLost && !_answered)
        {
            return Once(work);
        }
    }

    /// <summary>
    /// Runs work that only one process may do at a time, such as migrations and what a first start makes. SQLite: files belong to one server, and each
    /// transaction waits for the others.
    /// </summary>
    public abstract T Alone<T>(Func<T> work);

    /// <summary>The number of the schema's step that was applied last; 0: none.</summary>
    public abstract int Version(Schema schema);

    /// <summary>One migration's text, written in SQLite's words, and the number it makes.</summary>
    public abstract void Migrate(Schema schema, string sql, int version);

    /// <summary>Makes the database count its changes by topic: see <see cref="ChangeTriggers"/>.</summary>
    public abstract void WatchTable(WatchedTable table, IReadOnlyList<string> columns);

    public IReadOnlyList<string> Columns(string table)
    {
        using var command = Ready().CreateCommand();
        command.Transaction = _transaction;
#pragma warning disable CA2100 // A name of the source.
        command.CommandText = $"SELECT * FROM {table} LIMIT 0";
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        return [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
    }

    /// <summary>A number that changes when another connection has committed something; null: the database has none, and must be asked what.</summary>
    public abstract long? ForeignCommits();

    /// <summary>Unix milliseconds by a clock that all servers on this database share.</summary>
    public abstract long Now(TimeProvider time);

    /// <summary>Unix microseconds by the same clock.</summary>
    public abstract long Microseconds(TimeProvider time);

    /// <summary>Gives up to so many free pages of a file back to the file system (see <see cref="Schema.GivesSpaceBack"/>). PostgreSQL does so by itself.</summary>
    public abstract void GiveBack(int pages);

    /// <summary>Connects now, so that a start finds out what is wrong.</summary>
    public void Connect() => Ready();

    public void Dispose() => Forget();

    /// <summary>The connection of now.</summary>
    protected DbConnection Connection => Ready();

    /// <summary>A new, open connection.</summary>
    /// <exception cref="DatabaseAwayException">There is none to be had.</exception>
    protected abstract DbConnection Open();

    /// <summary>Whether <see cref="Open"/> would try now: it does not while it backs off.</summary>
    protected abstract bool CanConnect { get; }

    /// <summary>Gives a parameter its value: a long, a double, a string, a byte[], an array of longs or strings (PostgreSQL), or <see cref="DBNull"/>.</summary>
    protected virtual Action<DbParameter, object> Give { get; } = static (parameter, value) => parameter.Value = value;

    /// <summary>True: PostgreSQL's <c>$1</c>; false: SQLite's <c>$name</c>.</summary>
    protected abstract bool Numbered { get; }

    /// <summary>A statement that is kept for its text.</summary>
    protected virtual Statement Prepare(DbConnection connection, string sql) => new(connection, sql, Numbered);

    /// <summary>Runs a kept statement for what it changes.</summary>
    protected int Run<T>(string sql, ReadOnlySpan<T> values, Execution<T> run)
    {
        var statement = Take(sql);
        try
        {
            var changed = run(statement, values, this);
            _answered = true;
            return changed;
        }
        catch (DbException failed)
        {
            throw Explain(failed);
        }
        finally
        {
            Keep(sql, statement);
        }
    }

    /// <summary>Gives a statement its values and runs it; returns the number of changed rows.</summary>
    protected delegate int Execution<T>(Statement statement, ReadOnlySpan<T> values, DatabaseSession session);

    /// <summary>What a failure means, and whether the connection is of no more use.</summary>
    protected abstract (Exception Meaning, bool Lost) Judge(DbException failed);

    /// <summary>Runs a text of several statements without parameters.</summary>
    protected void Script(string sql, int seconds)
    {
        using var command = Ready().CreateCommand();
        command.Transaction = _transaction;
        command.CommandTimeout = seconds;
#pragma warning disable CA2100 // Migrations are resources of this assembly, and triggers are made of names in it.
        command.CommandText = sql;
#pragma warning restore CA2100
        try
        {
            command.ExecuteNonQuery();
            _answered = true;
        }
        catch (DbException failed)
        {
            throw Explain(failed);
        }
    }

    private T Once<T>(Func<T> work)
    {
        _answered = false;
        var transaction = _transaction = Begin();
        try
        {
            var result = work();
            // Lost on the way, and the work did not mind: then it is not committed, whatever it thinks.
            if (_connection is null)
                throw new DatabaseAwayException($"The database {Name} was lost within a transaction.");
            transaction.Commit();
            return result;
        }
        catch (DbException failed)
        {
            throw Explain(failed);
        }
        finally
        {
            _transaction = null;
            End(transaction);
        }
    }

    private DbTransaction Begin()
    {
        try
        {
            return Ready().BeginTransaction();
        }
        catch (DbException failed)
        {
            throw Explain(failed);
        }
    }

    /// <summary>Rolls back what was not committed; a connection that cannot even do that is given up.</summary>
    private void End(DbTransaction transaction)
    {
        try
        {
            transaction.Dispose();
        }
        catch (Exception gone) when (gone is DbException or InvalidOperationException)
        {
            Forget();
        }
    }

    private void RunBatch(string sql, IReadOnlyList<(string Name, object? Value)[]> rows, Action<DbBatch> run)
    {
        if (rows.Count == 0)
            return;
        var (text, connection) = (SqlText.Of(sql), Current());
        using var batch = connection.CreateBatch();
        batch.Transaction = _transaction;
        foreach (var row in rows)
        {
            var command = batch.CreateBatchCommand();
#pragma warning disable CA2100 // Callers pass constants; values go in as parameters.
            command.CommandText = text.Numbered;
#pragma warning restore CA2100
            Statement.BindNumbered(command, text.Names, row, Give);
            batch.BatchCommands.Add(command);
        }
        try
        {
            run(batch);
            _answered = true;
        }
        catch (DbException failed)
        {
            throw Explain(failed);
        }
    }

    /// <summary>The connection of now. What a lost transaction had done is gone, so nothing of the rest may be done outside of it.</summary>
    private DbConnection Current() => _transaction is not null && _connection is null ? throw new DatabaseAwayException($"The database {Name} was lost within a transaction.") : Ready();

    private Statement Take(string sql)
    {
        var connection = Current();
        // Taken out while it is used: the reader of one row may ask the same of another.
        if (!_kept.Remove(sql, out var statement))
            statement = Prepare(connection, sql);
        statement.Command.Transaction = _transaction;
        return statement;
    }

    private void Keep(string sql, Statement statement)
    {
        if (statement.Connection != _connection || _kept.Count >= MostKept || !_kept.TryAdd(sql, statement))
            statement.Dispose();
    }

    private DbConnection Ready() => _connection ??= Open();

    private Exception Explain(DbException failed)
    {
        var (meaning, lost) = Judge(failed);
        if (lost)
            Forget();
        return meaning;
    }

    private void Forget()
    {
        foreach (var statement in _kept.Values)
            statement.Dispose();
        _kept.Clear();
        _connection?.Dispose();
        _connection = null;
    }
}
