namespace Milliways.Credits.Grants;

/// <summary>Calls the rules each second for as long as the server runs.</summary>
internal sealed class GrantClock(Bookkeeping books, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await books.Rules.TickAsync();
    }
}
