using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>Where the data is: files in a directory, or PostgreSQL.</summary>
internal sealed class DatabaseAddress
{
    private DatabaseAddress(string directory, PostgresSource? postgres) => (Directory, Postgres) = (directory, postgres);

    /// <summary>Where <c>ledger.db</c> and <c>stored.db</c> are, unless the data is in PostgreSQL.</summary>
    public string Directory { get; }

    /// <summary>Null: files.</summary>
    public PostgresSource? Postgres { get; }

    public static DatabaseAddress Files(string directory) => new(directory, postgres: null);

    /// <param name="given"><c>postgres://...</c> as <c>--database</c> and <c>MILLIWAYS_DATABASE</c> have it; null or empty: files in the data directory.</param>
    /// <param name="directory">The data directory.</param>
    /// <exception cref="UserErrorException">The text is no address of PostgreSQL's.</exception>
    public static DatabaseAddress Parse(string? given, string directory) =>
        string.IsNullOrEmpty(given) ? Files(directory) : new DatabaseAddress(directory, new PostgresSource(PostgresUri.Parse(given)));

    public override string ToString() => Postgres?.Name ?? Directory;

    /// <summary>A session on the file of that name or on PostgreSQL, whose schema is brought up to date.</summary>
    /// <exception cref="UserErrorException">It cannot be used, cannot be reached, or is newer than this executable.</exception>
    public DatabaseSession Open(Schema schema, string file, string synchronous) =>
        Postgres is null ? SqliteSession.Open(Path.Combine(Directory, file), schema, synchronous) : PostgresSession.Open(Postgres, schema);

    /// <summary>A further session beside one that was opened; it connects when it is first used.</summary>
    public DatabaseSession Another(string file, string synchronous) =>
        Postgres is null ? new SqliteSession(Path.Combine(Directory, file), synchronous) : new PostgresSession(Postgres);
}
