namespace Milliways.Credits.Journal;

/// <summary>The one thread that writes the journal: writing and flushing block, so no thread of the pool and none of a socket ever does it.</summary>
internal sealed class JournalThread : IAsyncDisposable
{
    private readonly ChargeJournal _journal;
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isWoken;
    private volatile bool _ends;

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
        _ends = true;
        _wake.Set();
        await _ended.Task;
        _journal.Dispose();
        _wake.Dispose();
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _isWoken, 1) != 0)
            return; // one that waits to be seen is enough
        try
        {
            _wake.Set();
        }
        catch (ObjectDisposedException)
        {
            // The thread ends at the same moment, and looks once more before it does.
        }
    }

    private void Run()
    {
        while (!_ends)
        {
#pragma warning disable RS0030 // This thread serves no socket: it is there to block.
            _wake.WaitOne();
#pragma warning restore RS0030
            Interlocked.Exchange(ref _isWoken, 0); // before it looks: who comes from now on wakes it once more
            StepAll();
        }
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
