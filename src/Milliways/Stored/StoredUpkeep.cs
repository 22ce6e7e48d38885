using System.Data.Common;
using Milliways.Storage;

namespace Milliways.Stored;

/// <summary>Before the server listens: what an earlier process left unfinished is told so. Then, once a minute: what is too old goes.</summary>
internal sealed class StoredUpkeep(AnswerStore answers, TimeProvider time, ILogger<StoredUpkeep> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await InterruptAsync();
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            try
            {
                await InterruptAsync(); // of a server beside this one that is not there any more
                await answers.SweepAsync();
            }
            catch (Exception later) when (later is DatabaseException or DbException)
            {
                log.LogWarning("Stored answers could not be swept ({Reason}); the next minute tries again", later.Message);
            }
    }

    private async Task InterruptAsync()
    {
        var interrupted = await answers.InterruptAsync();
        if (interrupted > 0)
            log.LogWarning("{Count} deferred or background answers were unfinished when their server stopped; their readers are told so", interrupted);
    }
}
