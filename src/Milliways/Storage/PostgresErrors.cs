using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace Milliways.Storage;

/// <summary>What PostgreSQL's failures mean (https://www.postgresql.org/docs/15/errcodes-appendix.html).</summary>
internal static class PostgresErrors
{
    public static (Exception Meaning, bool Lost) Judge(string name, DbException failed) => failed switch
    {
        PostgresException told when told.SqlState.StartsWith("23", StringComparison.Ordinal) => (new DatabaseConflictException(told.MessageText, told), false),
        // Connection trouble, a server that ends or starts, no room for another connection, a standby: another connection may do better.
        PostgresException told when Begins(told, "08", "57P", "53300", "25006") => (Away(name, told), true),
        // No disk or memory, a deadlock, a lock or a statement that took too long: later, on the same connection.
        PostgresException told when Begins(told, "53", "58", "40", "55P03", "57014") => (Away(name, told), false),
        PostgresException told => (told, false),
        _ => (Away(name, failed), true),
    };

    /// <summary>A reason in a few words, without anything secret.</summary>
    public static string Reason(Exception failed) => failed switch
    {
        PostgresException told => $"{told.SqlState}: {told.MessageText}",
        { InnerException: TimeoutException } or TimeoutException => "it did not answer in time",
        { InnerException: SocketException socket } => socket.Message,
        { InnerException: IOException { InnerException: SocketException socket } } => socket.Message,
        _ => failed.Message.TrimEnd('.'),
    };

    private static DatabaseAwayException Away(string name, Exception failed) => new($"The database {name} is away ({Reason(failed)}).", failed);

    private static bool Begins(PostgresException told, params ReadOnlySpan<string> starts)
    {
        foreach (var start in starts)
            if (told.SqlState.StartsWith(start, StringComparison.Ordinal))
                return true;
        return false;
    }
}
