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
        // The web server is stopped first and waits for its answers; this service is stopped after it, so its token means that nothing is left to watch.
        await Task.Delay(ServeHost.Grace, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stoppingToken.IsCancellationRequested)
            open.StopAll();
    }
}
