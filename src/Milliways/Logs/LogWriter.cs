using System.Data.Common;
using System.Globalization;
using Milliways.Storage;

namespace Milliways.Logs;

/// <summary>
/// Moves entries from the queue to the store, many in one transaction. While the store is away the entries wait; what does not fit in the queue meanwhile is
/// lost. A loss is told once a minute at most, and so is the end of it.
/// </summary>
internal sealed class LogWriter(LogQueue queue, LogStore store, LogTrim trim, TimeProvider time, ILogger<LogWriter> log) : BackgroundService
{
    /// <summary>The most entries of one transaction.</summary>
    private const int MostInBatch = 500;

    /// <summary>The most bytes of bodies in one transaction.</summary>
    private const int MostBytesInBatch = 8 << 20;

    /// <summary>Entries gather for so long: a reader sees them within a second, and a busy server has a transaction for hundreds.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a store that is away is left alone.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>How long a server that stops goes on trying.</summary>
    private static readonly TimeSpan LastTries = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    private long _toldLost;
    private long? _toldAt;
    private string? _trouble;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.End();
        if (ExecuteTask is { } running)
            await Task.WhenAny(running, Task.Delay(LastTries, CancellationToken.None));
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<LogItem>(MostInBatch);
        try
        {
            while (await queue.Reader.WaitToReadAsync(stoppingToken))
            {
                if (queue.Reader.Count < MostInBatch)
                    // The wall's clock: a test that holds time still waits for its entries all the same.
                    await Task.WhenAny(Task.Delay(Gathering, stoppingToken), queue.Reader.Completion);
                Take(batch);
                await WriteAsync(batch, stoppingToken);
                Tell();
                trim.Wrote(batch.Count, batch.Sum(BytesOf));
                Free(batch);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The last tries are over.
        }
        finally
        {
            queue.Lose(batch.Count + queue.Reader.Count);
            Free(batch);
            _toldAt = null;
            Tell();
        }
    }

    private void Take(List<LogItem> batch)
    {
        for (var bytes = 0; batch.Count < MostInBatch && bytes < MostBytesInBatch && queue.Reader.TryRead(out var item);)
        {
            batch.Add(item);
            bytes += (int)BytesOf(item);
        }
    }

    private static long BytesOf(LogItem item) => (item.Capture?.RequestBody.Length ?? 0) + (item.Capture?.ResponseBody.Length ?? 0);

    /// <summary>Tries until the entries are written; one that cannot be written at all is given up, and the others are not.</summary>
    private async Task WriteAsync(List<LogItem> batch, CancellationToken cancel)
    {
        var ready = batch.ConvertAll(item => (item.Clean(), item.Payload(), item.Policy));
        while (true)
            try
            {
                await store.WriteAsync(ready);
                if (_trouble is not null)
                    log.LogWarning("The log is written again");
                _trouble = null;
                return;
            }
            catch (Exception away) when (away is DatabaseAwayException or DatabaseBusyException)
            {
                await WaitAsync(away, cancel);
            }
            catch (Exception wrong) when (wrong is DatabaseException or DbException && ready.Count > 1)
            {
                foreach (var item in batch)
                    await WriteAsync([item], cancel);
                return;
            }
            catch (Exception wrong) when (wrong is DatabaseException or DbException)
            {
                queue.Lose(1);
                _trouble ??= wrong.Message;
                return;
            }
    }

    private async Task WaitAsync(Exception away, CancellationToken cancel)
    {
        if (_trouble is null)
            log.LogWarning("The log cannot be written ({Reason}); entries wait, and are lost when more than {Most} do", away.Message, queue.Most);
        _trouble ??= away.Message;
        Tell();
        await Task.Delay(Pause, cancel);
    }

    private void Tell()
    {
        var lost = queue.Lost;
        if (lost == _toldLost || (_toldAt is { } told && time.GetElapsedTime(told) < TellEvery))
            return;
        log.LogWarning("{Lost} log entries were lost{Reason}", (lost - _toldLost).ToString(CultureInfo.InvariantCulture), _trouble is null ? "" : $": {_trouble}");
        (_toldLost, _toldAt) = (lost, time.GetTimestamp());
    }

    private static void Free(List<LogItem> batch)
    {
        foreach (var item in batch)
            item.Dispose();
        batch.Clear();
    }
}
