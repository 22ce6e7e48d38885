using Microsoft.Data.Sqlite;
using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>One connection to a SQLite file whose schema is this version's.</summary>
internal sealed class SqliteSession : DatabaseSession
{
    private SqliteSession(SqliteConnection connection)
        : base(connection)
    {
    }

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
}
