using Microsoft.Data.Sqlite;
using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>
/// <c>ledger.db</c>: teams and keys. One connection; SQLite's provider blocks, so it is used at start and by commands, never on a request's path.
/// </summary>
internal sealed class LedgerDatabase : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Lock _one = new();

    private LedgerDatabase(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens or creates the file and brings its schema up to date.</summary>
    /// <exception cref="UserErrorException">The file is no database, damaged, not writable, or newer than this executable.</exception>
    public static LedgerDatabase Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        try
        {
            // Private before SQLite sees it: its journals take the mode of the file. An empty file is a new database.
            if (!File.Exists(file))
                DataDirectory.OpenPrivate(file).Dispose();
            connection.Open();
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, "PRAGMA synchronous = FULL");
            Execute(connection, "PRAGMA foreign_keys = ON");
            Execute(connection, "PRAGMA busy_timeout = 5000");
            Migrations.Apply(connection);
            DataDirectory.Protect(file);
            return new LedgerDatabase(connection);
        }
        catch (SqliteException unusable)
        {
            connection.Dispose();
            throw new UserErrorException(
                $"The database {file} cannot be used ({unusable.SqliteErrorCode}: {unusable.Message.TrimEnd('.')}): restore a backup, or name another directory with --data.", inner: unusable);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs one statement with its parameters; returns the number of changed rows.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        lock (_one)
        {
            using var command = Command(sql, parameters);
            return command.ExecuteNonQuery();
        }
    }

    /// <summary>All rows of a query, each made by <paramref name="read"/>.</summary>
    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        lock (_one)
        {
            using var command = Command(sql, parameters);
            using var reader = command.ExecuteReader();
            var rows = new List<T>();
            while (reader.Read())
                rows.Add(read(reader));
            return rows;
        }
    }

    /// <summary>Runs several changes as one: all of them are there after a crash, or none.</summary>
    public void Transact(Action work)
    {
        lock (_one)
        {
            using var transaction = _connection.BeginTransaction();
            work();
            transaction.Commit();
        }
    }

    /// <summary>A number that changes when another connection has changed the file; our own changes do not count.</summary>
    public long ForeignChanges() => Query("PRAGMA data_version", row => row.GetInt64(0))[0];

    public void Dispose() => _connection.Dispose();

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Callers pass constants; values go in as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }

    private static void Execute(SqliteConnection connection, string pragma)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this class.
        command.CommandText = pragma;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
