using Milliways.Limits.Counting;
using Milliways.Limits.Sharing;

namespace Milliways.Limits;

/// <summary>Forgets idle limits, so that teams, keys and names that nobody uses any more take no memory.</summary>
internal sealed class LimitUpkeep(LimitBook book, SharedLimits shared, TimeProvider time) : BackgroundService
{
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            if (shared.IsOn)
                await shared.ForgetAsync();
            else
                book.Forget();
    }
}
