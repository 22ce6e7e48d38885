using Milliways.Hosting;

namespace Milliways.Storage;

/// <summary>
/// <c>stored.db</c>, or tables beside the ledger's in PostgreSQL: answers that are kept for their callers. It grows with what callers send and forgets it
/// again, so the file stands apart from the ledger's. One thread writes, one reads; neither waits for the other.
/// </summary>
internal sealed class StoredDatabase : IAsyncDisposable
{
    private readonly DatabaseThread _writer;
    private readonly DatabaseThread _reader;

    private StoredDatabase(DatabaseThread writer, DatabaseThread reader) => (_writer, _reader) = (writer, reader);

    /// <exception cref="UserErrorException">The database is none, damaged, not writable, not to be reached, or newer than this executable.</exception>
    public static StoredDatabase Open(DatabaseAddress address) => new(
        new DatabaseThread(address.Open(Schema.Stored, "stored.db", synchronous: "NORMAL"), "stored writer"),
        new DatabaseThread(address.Another("stored.db", synchronous: "NORMAL"), "stored reader"));

    /// <summary>Runs changes as one transaction, in the order in which they are asked for.</summary>
    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    /// <exception cref="DatabaseAwayException">The database cannot be reached or cannot write.</exception>
    public Task<T> WriteAsync<T>(Func<DatabaseSession, T> work) => _writer.RunAsync(session => session.Transact(() => work(session)));

    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    /// <exception cref="DatabaseAwayException">The database cannot be reached.</exception>
    public Task<T> ReadAsync<T>(Func<DatabaseSession, T> work) => _reader.ReadAsync(work);

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        await _writer.DisposeAsync();
    }
}
