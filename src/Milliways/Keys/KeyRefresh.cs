using Microsoft.Data.Sqlite;
using Milliways.Storage;

namespace Milliways.Keys;

/// <summary>
/// Watches for changes that commands make beside the running server, so that they are in effect within a second (contract, "Commands"). Asking SQLite
/// for its change number reads one page of shared memory.
/// </summary>
internal sealed class KeyRefresh(LedgerDatabase database, KeyStore keys, IEnumerable<IRefreshed> others, TimeProvider time, ILogger<KeyRefresh> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Off the starting thread, and never on a socket's: the provider blocks.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var timer = new PeriodicTimer(Every, time);
        // -1 is no number of SQLite's: what came between the store's first reading and this one is read with the first tick.
        var seen = -1L;
        while (await timer.WaitForNextTickAsync(stoppingToken))
            try
            {
                var now = database.ForeignChanges();
                if (now == seen)
                    continue;
                keys.Refresh();
                foreach (var other in others)
                    other.Refresh();
                seen = now;
            }
            catch (SqliteException busy)
            {
                log.LogWarning("Keys could not be read again ({Reason}); the known ones stay in effect", busy.Message);
            }
    }
}
