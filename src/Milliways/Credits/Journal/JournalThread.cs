using System.Collections.Concurrent;

namespace Milliways.Credits.Journal;

/// <summary>The one thread that writes the journal: writing and flushing block, so no thread of the pool and none of a socket ever does it.</summary>
internal sealed class JournalThread : IAsyncDisposable
{
    private readonly ChargeJournal _journal;
    private readonly BlockingCollection<bool> _wake = new(boundedCapacity: 1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JournalThread(ChargeJournal journal)
    {
        _journal = journal;
        journal.Wake = Wake;
        new Thread(Run) { Name = "charges.journal", IsBackground = true }.Start();
    }

    /// <summary>Writes what is waiting, then ends the thread and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _journal.Close();
        _journal.Wake = null;
        _wake.CompleteAdding();
        await _ended.Task;
        _journal.Dispose();
        _wake.Dispose();
    }

    private void Wake()
    {
        try
        {
            _wake.TryAdd(true); // one that waits to be seen is enough
        }
        catch (InvalidOperationException)
        {
            // The thread ends at the same moment, and looks once more before it does.
        }
    }

    private void Run()
    {
        foreach (var _ in _wake.GetConsumingEnumerable())
            StepAll();
        StepAll();
        _ended.SetResult();
    }

    private void StepAll()
    {
        while (_journal.Step())
        {
        }
    }
}
