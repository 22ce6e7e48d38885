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
        // Not the stopping token: it fires when everything has ended, and until then somebody must watch the clock.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopped);
        await Task.Delay(ServeHost.Grace, time, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!ended.IsCancellationRequested)
            open.StopAll();
    }
}
