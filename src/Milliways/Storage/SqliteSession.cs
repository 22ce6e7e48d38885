using Microsoft.Data.Sqlite;
using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>One connection to a SQLite file whose schema is this version's. For one thread at a time; the provider blocks.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;

    private SqliteSession(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens or creates the file and brings its schema up to date.</summary>
    /// <param name="file">The database's path.</param>
    /// <param name="schema">What is in it.</param>
    /// <param name="synchronous"><c>FULL</c>: a commit survives power loss; <c>NORMAL</c>: it survives the end of the process, however that comes.</param>
    /// <exception cref="UserErrorException">The file is no database, damaged, not writable, or newer than this executable.</exception>
    public static SqliteSession Open(string file, Schema schema, string synchronous)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        try
        {
            // Private before SQLite sees it: its journals take the mode of the file. An empty file is a new database.
            if (!File.Exists(file))
                DataDirectory.OpenPrivate(file).Dispose();
            connection.Open();
            var session = new SqliteSession(connection);
            session.Execute("PRAGMA journal_mode = WAL");
            session.Execute($"PRAGMA synchronous = {synchronous}");
            session.Execute("PRAGMA foreign_keys = ON");
            session.Execute("PRAGMA busy_timeout = 5000");
            Migrations.Apply(connection, schema);
            DataDirectory.Protect(file);
            return session;
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
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>All rows of a query, each made by <paramref name="read"/>.</summary>
    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Command(sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>Runs several changes as one: all of them are there after a crash, or none.</summary>
    public T Transact<T>(Func<T> work)
    {
        using var transaction = _connection.BeginTransaction();
        var result = work();
        transaction.Commit();
        return result;
    }

    public void Dispose() => _connection.Dispose();

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Callers pass constants; values go in as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }
}
