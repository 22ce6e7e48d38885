using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Milliways.Storage;

/// <summary>
/// A statement for SQLite that changes rows without the provider's parameters and readers: values go straight to the prepared statement, by place instead of by
/// name. A row of the books has 24 of them, and the provider's way costs more than writing the row.
/// </summary>
internal sealed class SqliteStatement(SqliteConnection connection, string sql) : Statement(connection, sql, numbered: false)
{
    private const int UsualBytes = 512;

    private sqlite3_stmt? _prepared;
    private Cell[]? _bound;

    /// <exception cref="SqliteException">SQLite cannot do it.</exception>
    public override int Execute(ReadOnlySpan<(string Name, object? Value)> values, Action<DbParameter, object> give)
    {
        Check(values);
        var database = connection.Handle!;
        var prepared = _prepared ??= Prepare(database);
        for (var i = 0; i < values.Length; i++)
            SqliteException.ThrowExceptionForRC(Bind(prepared, Place(values[i].Name, i) + 1, values[i].Value), database);
        return Step(database, prepared);
    }

    /// <summary>
    /// Inserts rows: a text with a place for each of their cells (<see cref="RowInsert.Places"/>). A value stays bound until there is another one, and most are those of the time before: the
    /// team's, the model's, and numbers that are 0.
    /// </summary>
    /// <exception cref="SqliteException">SQLite cannot do it.</exception>
    public int Execute(IReadOnlyList<RowColumn> columns, ReadOnlySpan<Cell> cells)
    {
        var database = connection.Handle!;
        var prepared = _prepared ??= Prepare(database);
        var (bound, isNew) = (_bound ?? new Cell[cells.Length], _bound is null);
        _bound = null; // should binding fail, all of them are bound the next time
        for (var i = 0; i < cells.Length; i++)
        {
            if (!isNew && cells[i] == bound[i])
                continue;
            SqliteException.ThrowExceptionForRC(Bind(prepared, i + 1, columns[i % columns.Count].IsText, cells[i]), database);
            bound[i] = cells[i];
        }
        _bound = bound;
        return Step(database, prepared);
    }

    private static int Step(sqlite3 database, sqlite3_stmt prepared)
    {
        try
        {
            int step;
            while ((step = raw.sqlite3_step(prepared)) == raw.SQLITE_ROW)
            {
            }
            SqliteException.ThrowExceptionForRC(step, database);
            return raw.sqlite3_stmt_readonly(prepared) != 0 ? 0 : raw.sqlite3_changes(database);
        }
        finally
        {
            _ = raw.sqlite3_reset(prepared); // says again what the step has said
        }
    }

    private static int Bind(sqlite3_stmt prepared, int place, bool isText, in Cell cell) =>
        !isText ? raw.sqlite3_bind_int64(prepared, place, cell.Number)
        : cell.Text is { } text ? BindText(prepared, place, text)
        : raw.sqlite3_bind_null(prepared, place);

    protected override void Dispose(bool disposing)
    {
        _prepared?.Dispose();
        base.Dispose(disposing);
    }

    private sqlite3_stmt Prepare(sqlite3 database)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v3(database, Command.CommandText, raw.SQLITE_PREPARE_PERSISTENT, out var prepared), database);
        return prepared;
    }

    private static int Bind(sqlite3_stmt prepared, int place, object? value) => value switch
    {
        null or DBNull => raw.sqlite3_bind_null(prepared, place),
        long number => raw.sqlite3_bind_int64(prepared, place, number),
        int number => raw.sqlite3_bind_int64(prepared, place, number),
        bool truth => raw.sqlite3_bind_int64(prepared, place, truth ? 1 : 0),
        string text => BindText(prepared, place, text),
        byte[] bytes => raw.sqlite3_bind_blob(prepared, place, bytes),
        double number => raw.sqlite3_bind_double(prepared, place, number),
        _ => throw new InvalidOperationException($"A value of the type {value.GetType()} is none of a database's."),
    };

    private static int BindText(sqlite3_stmt prepared, int place, string text)
    {
        if (text.Length > UsualBytes / 3)
            return raw.sqlite3_bind_text(prepared, place, Encoding.UTF8.GetBytes(text));
        Span<byte> bytes = stackalloc byte[UsualBytes];
        return raw.sqlite3_bind_text(prepared, place, bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }
}
