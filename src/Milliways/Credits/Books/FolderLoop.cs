using Milliways.Credits.Journal;
using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>Carries records from the folder into the database, batch by batch, for as long as the server runs.</summary>
internal sealed class FolderLoop : IAsyncDisposable
{
    private const int MostRecords = 1000;
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private readonly Folder _folder;
    private readonly LedgerDatabase _database;
    private readonly Guid _journal;
    private readonly Func<long> _postpaid;
    private readonly ILedgerEvents _events;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    public FolderLoop(Folder folder, LedgerDatabase database, Guid journal, Func<long> postpaid, ILedgerEvents events, TimeProvider time, ILogger log)
    {
        (_folder, _database, _journal, _postpaid, _events, _time, _log) = (folder, database, journal, postpaid, events, time, log);
        folder.Wake = Wake;
        _run = RunAsync();
    }

    /// <summary>Applies what is waiting, once, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _folder.Wake = null;
        await TryApplyAllAsync();
        _stop.Dispose();
        _wake.Dispose();
    }

    private void Wake()
    {
        lock (_wake)
            if (_wake.CurrentCount == 0)
                _wake.Release();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await _wake.WaitAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (!_stop.IsCancellationRequested && !await TryApplyAllAsync())
                await Task.Delay(TryAgain, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TryApplyAllAsync()
    {
        try
        {
            while (_folder.Next(MostRecords) is { Count: > 0 } records)
            {
                var told = new List<Action<ILedgerEvents>>();
                _folder.Done(await _database.RunAsync(session => BookKeeper.Apply(session, _journal, records, _postpaid(), told)));
                told.ForEach(tell => tell(_events));
            }
            return true;
        }
        catch (Exception failed) when (Bookkeeping.IsTrouble(failed) || failed is InvalidDataException)
        {
            _log.LogWarning("The books could not be brought up to date ({Reason}); {Lag} charges wait in the journal", failed.Message, _folder.Lag);
            return false;
        }
    }
}
