using System.Reflection;
using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>
/// Numbered steps from an empty database to today's schema, kept as SQL in SQLite's words beside this file; <see cref="PostgresWords"/> says them to
/// PostgreSQL. The number applied last stands in the database.
/// </summary>
internal static class Migrations
{
    /// <summary>Brings a database up to date, each step whole or not at all; of several processes one does it, and the others find it done.</summary>
    /// <exception cref="UserErrorException">A newer version of Milliways has written this database.</exception>
    public static void Apply(DatabaseSession session, Schema schema)
    {
        if (Check(session, schema) == schema.Latest)
            return;
        session.Alone(() =>
        {
            // Asked again: another process may have been quicker.
            for (var version = Check(session, schema); version < schema.Latest; version++)
                session.Transact(() => Step(session, schema, version + 1));
            return true;
        });
    }

    private static bool Step(DatabaseSession session, Schema schema, int version)
    {
        session.Migrate(schema, Read(schema.Steps[version - 1]), version);
        if (version == schema.Latest)
            foreach (var table in schema.Watched)
                session.WatchTable(table, session.Columns(table.Table));
        return true;
    }

    private static int Check(DatabaseSession session, Schema schema)
    {
        var version = session.Version(schema);
        return version <= schema.Latest ? version : throw new UserErrorException(
            $"The database {session.Name} was written by a newer version of Milliways (schema {version}, this one knows {schema.Latest}): start that version, or restore a backup.");
    }

    private static string Read(string step)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"migrations/{step}.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
