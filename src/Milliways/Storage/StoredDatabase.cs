using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>
/// <c>stored.db</c>: answers that are kept for their callers. It grows with what callers send and forgets it again, so it stands apart from the ledger.
/// One thread writes, one reads; in WAL neither waits for the other.
/// </summary>
internal sealed class StoredDatabase : IAsyncDisposable
{
    private readonly DatabaseThread _writer;
    private readonly DatabaseThread _reader;

    private StoredDatabase(DatabaseThread writer, DatabaseThread reader) => (_writer, _reader) = (writer, reader);

    /// <exception cref="UserErrorException">The file is no database, damaged, not writable, or newer than this executable.</exception>
    public static StoredDatabase Open(string file) => new(
        new DatabaseThread(SqliteSession.Open(file, Schema.Stored, synchronous: "NORMAL"), "stored.db writer"),
        new DatabaseThread(SqliteSession.Open(file, Schema.Stored, synchronous: "NORMAL"), "stored.db reader"));

    /// <summary>Runs changes as one transaction, in the order in which they are asked for.</summary>
    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    public Task<T> WriteAsync<T>(Func<DatabaseSession, T> work) => _writer.RunAsync(session => session.Transact(() => work(session)));

    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    public Task<T> ReadAsync<T>(Func<DatabaseSession, T> work) => _reader.RunAsync(work);

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        await _writer.DisposeAsync();
    }
}
