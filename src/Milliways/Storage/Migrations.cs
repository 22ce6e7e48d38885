using System.Globalization;
using System.Reflection;
using Microsoft.Data.Sqlite;
using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>
/// Numbered steps from an empty file to today's schema, kept as SQL beside this file. The number applied last stands in SQLite's <c>user_version</c>.
/// </summary>
internal static class Migrations
{
    /// <summary>Brings a database up to date, each step in a transaction of its own.</summary>
    /// <exception cref="UserErrorException">A newer version of Milliways has written this database.</exception>
    public static void Apply(SqliteConnection connection, Schema schema)
    {
        var version = Version(connection);
        if (version > schema.Latest)
            throw new UserErrorException(
                $"The database {connection.DataSource} was written by a newer version of Milliways (schema {version}, this one knows {schema.Latest}): start that version, or restore a backup.");
        for (; version < schema.Latest; version++)
        {
            using var transaction = connection.BeginTransaction();
            Run(connection, transaction, Read(schema.Steps[version]));
            Run(connection, transaction, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version + 1}"));
            transaction.Commit();
        }
    }

    private static int Version(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static string Read(string step)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"migrations/{step}.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static void Run(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // The text is a resource of this assembly.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
