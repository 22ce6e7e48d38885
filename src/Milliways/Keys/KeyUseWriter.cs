using System.Data.Common;
using Milliways.Storage;

namespace Milliways.Keys;

/// <summary>Writes when keys were used last, a batch every ten seconds: never on a request's path, and nobody minds the last ten seconds.</summary>
internal sealed class KeyUseWriter(KeyStore keys, TimeProvider time, ILogger<KeyUseWriter> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Off the starting thread, and never on a socket's: the provider blocks.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                Write();
        }
        catch (OperationCanceledException)
        {
            Write();
        }
    }

    private void Write()
    {
        try
        {
            keys.WriteUses();
        }
        catch (Exception busy) when (busy is DbException or DatabaseAwayException)
        {
            log.LogWarning("When keys were used last could not be written ({Reason}); it is tried again", busy.Message);
        }
    }
}
