namespace Milliways.Credits.Journal;

/// <summary>The one thread that writes the journal: writing and flushing block, so no thread of the pool and none of a socket ever does it.</summary>
internal sealed class JournalThread : IAsyncDisposable
{
    /// <summary>How often others come first before a flush.</summary>
    private const int MostTurns = 4;

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
            StepAll();
            // Not before: as long as it works, nobody need wake it. Who came since it looked last is seen now, who comes from here on wakes it once more.
            Interlocked.Exchange(ref _isWoken, 0);
            StepAll();
        }
        StepAll();
        _ended.SetResult();
    }

    private void StepAll()
    {
        do
            Gather();
        while (_journal.Step());
    }

    /// <summary>
    /// Lets others run first where they want this processor: what they bring is written with the same flush. Where there is a processor for everybody it returns at once,
    /// and nobody waits for anybody.
    /// </summary>
    private void Gather()
    {
        var waiting = _journal.Waiting;
        for (var i = 0; i < MostTurns && waiting > 0; i++)
        {
            Thread.Yield();
            var now = _journal.Waiting;
            if (now == waiting)
                return;
            waiting = now;
        }
    }
}
