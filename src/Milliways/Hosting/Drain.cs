using Milliways.Exchanges;

namespace Milliways.Hosting;

/// <summary>At shutdown running answers go on for the grace period; what is left then ends with its dialect's error instead of a cut.</summary>
internal sealed class Drain(OpenExchanges open, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Drain> log) : BackgroundService
{
    /// <summary>How often the operator who waits is told for what.</summary>
    private static readonly TimeSpan Tell = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStopping.Register(() => stopping.TrySetResult());
        await Task.WhenAny(stopping.Task, Task.Delay(Timeout.Infinite, stoppingToken));
        if (!stopping.Task.IsCompleted)
            return;
        // The web server is stopped before this service, so the token fires when the last answer has ended; until then somebody must watch the clock.
        for (var left = ServeHost.Grace; left > TimeSpan.Zero && !stoppingToken.IsCancellationRequested; left -= Tell)
        {
            if (open.Count is > 0 and var running)
                log.LogInformation("Stopping: {Running} still running, at most {Seconds:0} s more", running == 1 ? "1 answer is" : $"{running} answers are", left.TotalSeconds);
            await Task.Delay(Tell, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (!stoppingToken.IsCancellationRequested)
            open.StopAll();
    }
}
