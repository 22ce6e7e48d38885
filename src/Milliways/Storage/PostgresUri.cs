using System.Globalization;
using Milliways.Hosting;
using Npgsql;

namespace Milliways.Storage;

/// <summary>
/// Reads <c>postgres://user:password@host:port/database?sslmode=require</c>, libpq's form of a connection
/// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING), which Npgsql does not read itself. One host; a host that begins with <c>/</c>
/// (<c>%2F</c>, or the parameter <c>host</c>) is the folder of a Unix socket.
/// </summary>
internal static class PostgresUri
{
    private const string Form = "write --database postgres://user:password@host:5432/database?sslmode=require (special characters in a name or a password as %XX)";

    private static readonly string[] Parameters =
        ["user", "password", "passfile", "host", "port", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "application_name", "connect_timeout", "options"];

    /// <exception cref="UserErrorException">Not of this form; the text, which may hold a password, is not repeated.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text)
    {
        var rest = text.StartsWith("postgres://", StringComparison.Ordinal) ? text.AsSpan(11)
            : text.StartsWith("postgresql://", StringComparison.Ordinal) ? text.AsSpan(13)
            : throw Wrong("the database's address does not begin with postgres://");
        var settings = new NpgsqlConnectionStringBuilder { Host = "localhost", Port = 5432, ApplicationName = "milliways", Timeout = 5 };
        if (rest.IndexOf('?') is >= 0 and var question)
        {
            foreach (var part in rest[(question + 1)..].ToString().Split('&', StringSplitOptions.RemoveEmptyEntries))
                Set(settings, part.Split('=', 2) is [var name, var value] ? (name, Plain(value)) : (part, ""));
            rest = rest[..question];
        }
        if (rest.IndexOf('/') is >= 0 and var slash)
        {
            if (rest[(slash + 1)..] is { Length: > 0 } database)
                settings.Database = Plain(database);
            rest = rest[..slash];
        }
        // The last @: in a password one may stand unescaped.
        if (rest.LastIndexOf('@') is >= 0 and var at)
        {
            var user = rest[..at];
            var colon = user.IndexOf(':');
            settings.Username = Plain(colon < 0 ? user : user[..colon]);
            if (colon >= 0)
                settings.Password = Plain(user[(colon + 1)..]);
            rest = rest[(at + 1)..];
        }
        Server(settings, rest);
        if (string.IsNullOrEmpty(settings.Database))
            throw Wrong("the database's address names no database");
        return settings;
    }

    private static void Server(NpgsqlConnectionStringBuilder settings, ReadOnlySpan<char> server)
    {
        if (server.Contains(','))
            throw Wrong("the database's address names several hosts; one is meant");
        var close = server.LastIndexOf(']');
        if (server.LastIndexOf(':') is >= 0 and var colon && colon > close)
        {
            Set(settings, ("port", server[(colon + 1)..].ToString()));
            server = server[..colon];
        }
        if (server.Length > 0)
            settings.Host = Plain(server[0] == '[' && close > 0 ? server[1..close] : server);
    }

    private static void Set(NpgsqlConnectionStringBuilder settings, (string Name, string Value) given)
    {
        switch (given.Name)
        {
            case "user": settings.Username = given.Value; break;
            case "password": settings.Password = given.Value; break;
            case "passfile": settings.Passfile = given.Value; break;
            case "host": settings.Host = given.Value; break;
            case "port": settings.Port = Number(given, 65535); break;
            case "dbname": settings.Database = given.Value; break;
            case "sslmode": settings.SslMode = Mode(given.Value); break;
            case "sslrootcert": settings.RootCertificate = given.Value; break;
            case "sslcert": settings.SslCertificate = given.Value; break;
            case "sslkey": settings.SslKey = given.Value; break;
            case "application_name": settings.ApplicationName = given.Value; break;
            case "connect_timeout": settings.Timeout = Number(given, 60); break;
            case "options": settings.Options = given.Value; break;
            default: throw Wrong($"the database's address has the parameter {given.Name}, which is none of {string.Join(", ", Parameters)}");
        }
    }

    private static SslMode Mode(string word) => word switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "prefer" => SslMode.Prefer,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => throw Wrong("sslmode of the database's address is none of disable, allow, prefer, require, verify-ca, verify-full"),
    };

    private static int Number((string Name, string Value) given, int most) =>
        int.TryParse(given.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most ? number
            : throw Wrong($"{given.Name} of the database's address is no number from 1 to {most}");

    private static string Plain(ReadOnlySpan<char> escaped) => Uri.UnescapeDataString(escaped);

    private static UserErrorException Wrong(string what) => new($"--database (MILLIWAYS_DATABASE): {what}: {Form}.", ExitCode.Usage);
}
