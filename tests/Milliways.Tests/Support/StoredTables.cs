using System.Text;
using Milliways.Storage;

namespace Milliways.Tests.Support;

/// <summary>Searches every row of every table of a PostgreSQL database.</summary>
internal static class StoredTables
{
    /// <summary>The names of the tables that hold a text, as text or as bytes.</summary>
    public static List<string> With(LedgerDatabase database, string text) =>
    [
        .. database.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()", row => row.GetString(0)).Where(table => database.Query(
            $"SELECT COUNT(*) FROM {table} AS one WHERE position(CAST($text AS TEXT) IN one::text) > 0 OR position(CAST($bytes AS TEXT) IN one::text) > 0",
            row => row.GetInt64(0) > 0, ("$text", text), ("$bytes", Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text))))[0]),
    ];
}
