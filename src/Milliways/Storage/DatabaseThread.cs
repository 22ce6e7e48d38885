using System.Collections.Concurrent;

namespace Milliways.Storage;

/// <summary>The database's thread has as much to do as it may hold: nothing was done.</summary>
internal sealed class DatabaseBusyException() : Exception("The database has too much to do at the moment.");

/// <summary>
/// A connection with a thread of its own, which does one piece of work after the other: the provider blocks, and sleeps when the file is busy, so no
/// thread of the pool and none of a socket ever calls it.
/// </summary>
internal sealed class DatabaseThread : IAsyncDisposable
{
    private const int MostWaiting = 1024;

    private readonly BlockingCollection<Action<DatabaseSession>> _work = new(MostWaiting);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DatabaseThread(DatabaseSession session, string name)
    {
        new Thread(() => Run(session)) { Name = name, IsBackground = true }.Start();
    }

    /// <exception cref="DatabaseBusyException">1,024 pieces of work are waiting already.</exception>
    public Task<T> RunAsync<T>(Func<DatabaseSession, T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var taken = _work.TryAdd(session =>
        {
            try
            {
                done.SetResult(work(session));
            }
            catch (Exception failed)
            {
                done.SetException(failed); // whoever asked is told; the next piece of work is somebody else's
            }
        });
        return taken ? done.Task : Task.FromException<T>(new DatabaseBusyException());
    }

    /// <summary>Ends the thread when what is waiting has been done.</summary>
    public async ValueTask DisposeAsync()
    {
        _work.CompleteAdding();
        await _ended.Task;
        _work.Dispose();
    }

    private void Run(DatabaseSession session)
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work(session);
        session.Dispose();
        _ended.SetResult();
    }
}
