using Milliways.Credits.Journal;
using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>Carries records from the folder into the database, batch by batch, for as long as the server runs.</summary>
internal sealed class FolderLoop : IAsyncDisposable
{
    private const int MostRecords = 1000;
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long records gather before they are taken over together, unless somebody waits for the books: a transaction and its flush cost as much as writing
    /// some hundred rows. A pace and no decision, so it is the real clock's.
    /// </summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(200);

    private readonly Folder _folder;
    private readonly LedgerDatabase _database;
    private readonly Guid _journal;
    private readonly Func<long> _postpaid;
    private readonly ILedgerEvents _events;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _hurry = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    public FolderLoop(Folder folder, LedgerDatabase database, Guid journal, Func<long> postpaid, ILedgerEvents events, TimeProvider time, ILogger log)
    {
        (_folder, _database, _journal, _postpaid, _events, _time, _log) = (folder, database, journal, postpaid, events, time, log);
        folder.Wake = () => Set(_wake);
        folder.Hurry = () => Set(_hurry);
        _run = RunAsync();
    }

    /// <summary>Applies what is waiting, once, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        (_folder.Wake, _folder.Hurry) = (null, null);
        while (_folder.Lag > 0 && await TryApplyAsync())
        {
        }
        _stop.Dispose();
        _wake.Dispose();
        _hurry.Dispose();
    }

    private static void Set(SemaphoreSlim signal)
    {
        lock (signal)
            if (signal.CurrentCount == 0)
                signal.Release();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await _wake.WaitAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (_folder.Lag > 0 && !_stop.IsCancellationRequested)
            {
                if (_folder.Lag < Folder.Enough)
                    await ((Task)_hurry.WaitAsync(Gather, _stop.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!await TryApplyAsync())
                    await Task.Delay(TryAgain, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<bool> TryApplyAsync()
    {
        try
        {
            var told = new List<Action<ILedgerEvents>>();
            await _folder.FoldAsync(MostRecords, records => _database.RunAsync(session => BookKeeper.Apply(session, _journal, records, _postpaid(), told)));
            told.ForEach(tell => tell(_events));
            return true;
        }
        catch (Exception failed) when (Bookkeeping.IsTrouble(failed) || failed is InvalidDataException)
        {
            _log.LogWarning("The books could not be brought up to date ({Reason}); {Lag} charges wait in the journal", failed.Message, _folder.Lag);
            return false;
        }
#pragma warning disable CA1031 // Charges wait in the journal until it is full, and then nobody is served: whatever it was, the next try may succeed.
        catch (Exception unforeseen)
#pragma warning restore CA1031
        {
            _log.LogError(unforeseen, "The books could not be brought up to date; {Lag} charges wait in the journal", _folder.Lag);
            return false;
        }
    }
}
