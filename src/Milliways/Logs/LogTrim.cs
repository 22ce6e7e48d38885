using System.Data.Common;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Logs;

/// <summary>
/// Keeps the log within its bounds: once a minute, and whenever much was written. The oldest entries go in small steps, between which the writer has its
/// turns, and the file is made smaller by as much.
/// </summary>
internal sealed class LogTrim(LogStore store, ILogPolicy policy, ConfigState config, TimeProvider time, ILogger<LogTrim> log) : BackgroundService
{
    /// <summary>Entries of requests without a key that is known: anybody can make them, and they must not push out what teams have.</summary>
    public const long MostOfNobody = 10_000;

    /// <summary>So much may be written before the bounds are looked at, unless they are small.</summary>
    private const long Often = 1000;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _due = new(0, 1);
    private long _written;
    private long _bytes;

    /// <summary>So many entries more are in the store, and so many bytes of bodies.</summary>
    public void Wrote(int entries, long bytes)
    {
        var bounds = config.InEffect.Logs;
        var often = Math.Clamp((bounds.MaxRows ?? long.MaxValue) / 100, 1, Often);
        (_written, _bytes) = (_written + entries, _bytes + bytes);
        if (_written < often && _bytes < (bounds.MaxBytes ?? long.MaxValue) / 100)
            return;
        (_written, _bytes) = (0, 0);
        if (_due.CurrentCount == 0)
            _due.Release();
    }

    /// <summary>Brings the log within its bounds now.</summary>
    public async Task TrimAsync(CancellationToken cancel)
    {
        var bounds = config.InEffect.Logs;
        if (bounds.MaxAge is { } age)
            await AllAsync(() => store.DeleteOlderAsync(time.GetUtcNow() - age), cancel);
        foreach (var (team, gateway, entries) in await store.CountsAsync())
            if (Bound(team, gateway) is { } most && entries > most)
                await AllAsync(() => store.DeleteBeyondAsync(team, gateway, most), cancel);
        if (bounds.MaxRows is { } all)
            await AllAsync(() => store.DeleteBeyondAsync(all), cancel);
        if (bounds.MaxBytes is { } bytes)
            await AllAsync(() => store.DeleteBeyondBytesAsync(bytes), cancel);
    }

    public override void Dispose()
    {
        base.Dispose(); // cancels first
        _due.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        var (tick, due) = (timer.WaitForNextTickAsync(stoppingToken).AsTask(), _due.WaitAsync(stoppingToken));
        while (true)
        {
            try
            {
                await await Task.WhenAny(tick, due);
                if (tick.IsCompleted)
                    tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
                if (due.IsCompleted)
                    due = _due.WaitAsync(stoppingToken);
                await TrimAsync(stoppingToken);
            }
            catch (Exception over) when (stoppingToken.IsCancellationRequested && over is OperationCanceledException or ObjectDisposedException)
            {
                return; // stopped, or let go of without that
            }
            catch (Exception later) when (later is DatabaseException or DbException)
            {
                log.LogWarning("Old log entries could not be deleted ({Reason}); the next minute tries again", later.Message);
            }
        }
    }

    private long? Bound(string team, string gateway) => team.Length == 0 ? MostOfNobody
        : policy.For(team, gateway.Length == 0 ? null : gateway) is { WhenFull: WhenFull.DeleteOldest, MaxRows: { } most } ? most : null;

    /// <summary>Step by step, until one has nothing to delete.</summary>
    private async Task AllAsync(Func<Task<int>> step, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested && await step() > 0)
            await store.GiveBackAsync();
    }
}
