using System.Collections.Concurrent;

namespace Milliways.Storage;

/// <summary>
/// Connections with a thread each, which do one piece of work after the other: the providers block, and SQLite's sleeps when the file is busy, so no
/// thread of the pool and none of a socket ever calls them.
/// </summary>
internal sealed class DatabaseThread : IAsyncDisposable
{
    private const int MostWaiting = 1024;

    private readonly BlockingCollection<Action<DatabaseSession>> _work = new(MostWaiting);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;

    public DatabaseThread(DatabaseSession session, string name)
        : this([session], name)
    {
    }

    /// <summary>Several connections share the work: for reading, where the order does not matter.</summary>
    public DatabaseThread(IReadOnlyList<DatabaseSession> sessions, string name)
    {
        _running = sessions.Count;
        foreach (var session in sessions)
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

    /// <summary>
    /// Runs work that only reads. A connection that had died unnoticed costs nobody an answer: the work is done once more on a new one.
    /// </summary>
    /// <exception cref="DatabaseBusyException">1,024 pieces of work are waiting already.</exception>
    /// <exception cref="DatabaseAwayException">The database cannot be reached.</exception>
    public Task<T> ReadAsync<T>(Func<DatabaseSession, T> work) => RunAsync(session =>
    {
        try
        {
            return work(session);
        }
        catch (DatabaseAwayException) when (session.IsLost)
        {
            return work(session);
        }
    });

    /// <summary>Ends the threads when what is waiting has been done.</summary>
    public async ValueTask DisposeAsync()
    {
        End();
        await _ended.Task;
        _work.Dispose();
    }

    /// <summary>Lets the threads end when what is waiting has been done, and does not wait for that.</summary>
    public void End() => _work.CompleteAdding();

    private void Run(DatabaseSession session)
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work(session);
        session.Dispose();
        if (Interlocked.Decrement(ref _running) == 0)
            _ended.SetResult();
    }
}
