using System.Data.Common;

namespace Milliways.Storage;

/// <summary>
/// One connection to a database whose schema is this version's. For one thread at a time; the providers block. Statements are written once for SQLite and
/// PostgreSQL: parameters are <c>$name</c>, times are Unix milliseconds, truth is 0 or 1, ids are text, conflicts are told with <c>ON CONFLICT</c>.
/// </summary>
internal abstract class DatabaseSession(DbConnection connection) : IDisposable
{
    private DbTransaction? _transaction;

    /// <summary>Runs one statement with its parameters; returns the number of changed rows.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>All rows of a query, each made by <paramref name="read"/>.</summary>
    public List<T> Query<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
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
        using var transaction = _transaction = connection.BeginTransaction();
        try
        {
            var result = work();
            transaction.Commit();
            return result;
        }
        finally
        {
            _transaction = null;
        }
    }

    public void Dispose() => connection.Dispose();

    private DbCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = _transaction;
#pragma warning disable CA2100 // Callers pass constants; values go in as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
