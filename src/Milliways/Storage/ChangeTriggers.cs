namespace Milliways.Storage;

/// <summary>
/// Triggers that count a table's changes in <c>changes</c>, in the same transaction as the change: who reads a number sees every change that it counts.
/// They are made anew with every change of the schema, so that columns of later versions are counted too.
/// </summary>
internal static class ChangeTriggers
{
    /// <summary>What PostgreSQL's NOTIFY calls (see <see cref="PostgresListener"/>).</summary>
    public const string Channel = "milliways_changes";

    private const string Count = "INSERT INTO changes (topic, number) VALUES ({0}, 1) ON CONFLICT (topic) DO UPDATE SET number = changes.number + 1;";

    public static string ForSqlite(WatchedTable table, IReadOnlyList<string> columns)
    {
        var count = Count.Replace("{0}", $"'{table.Topic}'", StringComparison.Ordinal);
        return string.Concat(new[] { ("inserted", "INSERT"), ("updated", $"UPDATE OF {Heard(table, columns)}"), ("deleted", "DELETE") }.Select(one =>
            $"""
            DROP TRIGGER IF EXISTS {table.Table}_{one.Item1};
            CREATE TRIGGER {table.Table}_{one.Item1} AFTER {one.Item2} ON {table.Table} BEGIN {count} END;

            """));
    }

    /// <summary>NOTIFY makes commits wait for each other, so it is for tables that seldom change: never for those that a settlement writes.</summary>
    public static string ForPostgres(WatchedTable table, IReadOnlyList<string> columns) =>
        $"""
        CREATE OR REPLACE FUNCTION milliways_changed() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
          {Count.Replace("{0}", "TG_ARGV[0]", StringComparison.Ordinal)}
          PERFORM pg_notify('{Channel}', TG_ARGV[0]);
          RETURN NULL;
        END $body$;
        DROP TRIGGER IF EXISTS {table.Table}_changed ON {table.Table};
        CREATE TRIGGER {table.Table}_changed AFTER INSERT OR DELETE OR UPDATE OF {Heard(table, columns)} ON {table.Table}
          FOR EACH STATEMENT EXECUTE FUNCTION milliways_changed('{table.Topic}');
        """;

    private static string Heard(WatchedTable table, IReadOnlyList<string> columns) =>
        string.Join(", ", columns.Except(table.Silent).Select(column => $"\"{column}\""));
}
