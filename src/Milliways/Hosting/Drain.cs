using Milliways.Exchanges;

namespace Milliways.Hosting;

/// <summary>At shutdown running answers go on for the grace period; what is left then ends with its dialect's error instead of a cut.</summary>
internal sealed class Drain(OpenExchanges open, IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStopping.Register(() => stopping.TrySetResult());
        await Task.WhenAny(stopping.Task, Task.Delay(Timeout.Infinite, stoppingToken));
        if (!stopping.Task.IsCompleted)
            return;
        // The web server is stopped before this service, so the token fires when the last answer has ended; until then somebody must watch the clock.
        await Task.Delay(ServeHost.Grace, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stoppingToken.IsCancellationRequested)
            open.StopAll();
    }
}
