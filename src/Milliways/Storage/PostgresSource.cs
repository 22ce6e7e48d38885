using Npgsql;

namespace Milliways.Storage;

/// <summary>Makes connections to one PostgreSQL database. Nothing hangs: connecting and every statement have a time-out.</summary>
internal sealed class PostgresSource
{
    /// <summary>How long a statement may take, in seconds; migrations may take longer.</summary>
    public const int StatementSeconds = 10;

    private readonly NpgsqlDataSource _source;

    public PostgresSource(NpgsqlConnectionStringBuilder settings)
    {
        settings.CommandTimeout = StatementSeconds;
        settings.CancellationTimeout = 1000; // milliseconds: a server that does not even cancel is gone
        settings.Pooling = false; // each session keeps its own
        settings.MaxAutoPrepare = 100; // statements, from their third run on
        settings.AutoPrepareMinUsages = 2;
        if (!settings.Host!.StartsWith('/'))
            (settings.TcpKeepAlive, settings.TcpKeepAliveTime, settings.TcpKeepAliveInterval) = (true, 5, 2); // a server that went without a word is noticed
        Name = $"postgres://{(settings.Username is { Length: > 0 } user ? user + "@" : "")}{Host(settings.Host)}:{settings.Port}/{settings.Database}";
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableTransportSecurity();
        builder.EnableExtraConversions(); // a number may be read at any width, as SQLite allows
        builder.EnableArrays(); // rows that are inserted together come as an array for each column
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false)); // only built-in types are used: one question less at each connect
        _source = builder.Build();
    }

    /// <summary>The address without its password.</summary>
    public string Name { get; }

    /// <summary>A new, closed connection.</summary>
    public NpgsqlConnection Connection() => _source.CreateConnection();

    private static string Host(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
}
