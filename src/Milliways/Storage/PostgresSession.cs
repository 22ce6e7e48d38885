using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Milliways.Hosting;
using Npgsql;
using NpgsqlTypes;

namespace Milliways.Storage;

/// <summary>One connection to PostgreSQL, made again when it was lost.</summary>
internal sealed class PostgresSession : DatabaseSession
{
    /// <summary>How long the work of another process under the same lock may take, and each step of a migration, in seconds.</summary>
    private const int LongSeconds = 600;

    /// <summary>The key of the lock for what one process does at a time: the letters "Milliway".</summary>
    private const long Key = 0x4D_69_6C_6C_69_77_61_79;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly PostgresSource _source;
    private TimeSpan _pause;
    private long _failedAt;

    /// <summary>A further session on a database whose schema is today's; it connects when it is first used.</summary>
    public PostgresSession(PostgresSource source) => _source = source;

    public override string Name => _source.Name;

    public override string ForUpdate => " FOR UPDATE";

    protected override bool CanConnect => _pause == TimeSpan.Zero || Stopwatch.GetElapsedTime(_failedAt) >= _pause;

    protected override bool Numbered => true;

    protected override Action<DbParameter, object> Give { get; } = static (parameter, value) =>
    {
        var given = (NpgsqlParameter)parameter;
        given.Value = value;
        if (value is DBNull)
            given.ResetDbType(); // the server knows what stands there
        else
            given.NpgsqlDbType = value switch
            {
                long => NpgsqlDbType.Bigint,
                string => NpgsqlDbType.Text,
                byte[] => NpgsqlDbType.Bytea,
                double => NpgsqlDbType.Double,
                long[] => NpgsqlDbType.Array | NpgsqlDbType.Bigint,
                string[] => NpgsqlDbType.Array | NpgsqlDbType.Text,
                _ => throw new InvalidOperationException($"A value of the type {value.GetType()} is none of a database's."),
            };
    };

    /// <summary>Connects and brings the schema up to date.</summary>
    /// <exception cref="UserErrorException">It cannot be reached or used, or is newer than this executable.</exception>
    public static PostgresSession Open(PostgresSource source, Schema schema)
    {
        var session = new PostgresSession(source);
        try
        {
            session.Connect();
            Migrations.Apply(session, schema);
            return session;
        }
        catch (Exception failed) when (failed is DatabaseException or DbException)
        {
            session.Dispose();
            throw new UserErrorException(
                $"The database {source.Name} cannot be used ({PostgresErrors.Reason(failed as DbException ?? failed.InnerException ?? failed)}): start PostgreSQL, or correct --database (MILLIWAYS_DATABASE).",
                inner: failed);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Under an advisory lock, which is gone with the connection.</summary>
    public override T Alone<T>(Func<T> work)
    {
        Script(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_lock({Key})"), LongSeconds);
        try
        {
            return work();
        }
        finally
        {
            Unlock();
        }
    }

    public override int Version(Schema schema) =>
        Query("SELECT to_regclass('schema_versions') IS NOT NULL", row => row.GetBoolean(0))[0]
        && Query("SELECT version FROM schema_versions WHERE name = $name", row => row.GetInt32(0), ("$name", schema.Name)) is [var version] ? version : 0;

    public override void Migrate(Schema schema, string sql, int version)
    {
        Script("CREATE TABLE IF NOT EXISTS schema_versions (name TEXT PRIMARY KEY, version BIGINT NOT NULL)", LongSeconds);
        Script(PostgresWords.Of(sql), LongSeconds);
        Execute("INSERT INTO schema_versions (name, version) VALUES ($name, $version) ON CONFLICT (name) DO UPDATE SET version = $version", ("$name", schema.Name), ("$version", version));
    }

    public override void WatchTable(WatchedTable table, IReadOnlyList<string> columns) => Script(ChangeTriggers.ForPostgres(table, columns), LongSeconds);

    protected override int InsertTogether(RowInsert insert, ReadOnlySpan<Cell> cells)
    {
        var columns = new (string Name, object? Value)[insert.Columns.Count];
        for (var i = 0; i < columns.Length; i++)
            columns[i] = ("$" + insert.Columns[i].Name, insert.Column(i, cells));
        return Execute(insert.Arrays, columns);
    }

    public override long? ForeignCommits() => null;

    /// <summary>The database's own clock: all servers on it share it, whatever theirs say.</summary>
    public override long Now(TimeProvider time) => Query("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)", row => row.GetInt64(0))[0];

    public override long Microseconds(TimeProvider time) => Query("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000000) AS BIGINT)", row => row.GetInt64(0))[0];

    public override void GiveBack(int pages)
    {
    }

    protected override DbConnection Open()
    {
        if (!CanConnect)
            throw new DatabaseAwayException($"The database {Name} is away; it is tried again shortly.");
        var connection = _source.Connection();
        try
        {
            connection.Open();
            _pause = TimeSpan.Zero;
            return connection;
        }
        catch (Exception failed) when (failed is DbException or TimeoutException or System.Net.Sockets.SocketException or IOException)
        {
            connection.Dispose();
            _failedAt = Stopwatch.GetTimestamp();
            _pause = _pause == TimeSpan.Zero ? FirstPause : TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, LongestPause.Ticks));
            throw new DatabaseAwayException($"The database {Name} is away ({PostgresErrors.Reason(failed)}).", failed);
        }
    }

    protected override (Exception Meaning, bool Lost) Judge(DbException failed) => PostgresErrors.Judge(Name, failed);

    private void Unlock()
    {
        try
        {
            Script(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_unlock({Key})"), PostgresSource.StatementSeconds);
        }
        catch (DatabaseAwayException)
        {
            // The connection is gone, and the lock with it; what the work has to say about that counts more.
        }
    }
}
