using Milliways.Hosting;
using Milliways.Storage;

namespace Milliways.Logs;

/// <summary>
/// <c>logs.db</c>, or tables beside the ledger's in PostgreSQL. It grows with every request and forgets again, and losing its last moments costs nobody
/// anything, so the file stands apart. One thread writes; two read, so that one long search does not keep the others waiting.
/// </summary>
internal sealed class LogDatabase : IAsyncDisposable
{
    private const string File = "logs.db";
    private const string Synchronous = "NORMAL";

    private readonly DatabaseThread _writer;
    private readonly DatabaseThread _readers;

    private LogDatabase(DatabaseThread writer, DatabaseThread readers) => (_writer, _readers) = (writer, readers);

    /// <exception cref="UserErrorException">The database is none, damaged, not writable, not to be reached, or newer than this executable.</exception>
    public static LogDatabase Open(DatabaseAddress address) => new(
        new DatabaseThread(address.Open(Schema.Logs, File, Synchronous), "logs writer"),
        new DatabaseThread([address.Another(File, Synchronous), address.Another(File, Synchronous)], "logs reader"));

    /// <summary>Runs changes as one transaction, in the order in which they are asked for.</summary>
    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    /// <exception cref="DatabaseAwayException">The database cannot be reached or cannot write.</exception>
    public Task<T> WriteAsync<T>(Func<DatabaseSession, T> work) => _writer.RunAsync(session => session.Transact(() => work(session)));

    /// <summary>Gives up to so many free pages of the file back to the file system.</summary>
    /// <exception cref="DatabaseException">As above.</exception>
    public Task<bool> GiveBackAsync(int pages) => _writer.RunAsync(session =>
    {
        session.GiveBack(pages);
        return true;
    });

    /// <exception cref="DatabaseBusyException">Too much is waiting.</exception>
    /// <exception cref="DatabaseAwayException">The database cannot be reached.</exception>
    public Task<T> ReadAsync<T>(Func<DatabaseSession, T> work) => _readers.ReadAsync(work);

    public async ValueTask DisposeAsync()
    {
        await _readers.DisposeAsync();
        await _writer.DisposeAsync();
    }
}
