using System.Runtime.InteropServices;
using Milliways.Exchanges;

namespace Milliways.Hosting;

/// <summary>
/// At shutdown running answers go on for the grace period; what is left then, or at a second signal, ends with its dialect's error instead of a cut.
/// </summary>
internal sealed class Drain(OpenExchanges open, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Drain> log) : BackgroundService
{
    /// <summary>How long the error of a stopped answer may take to leave; then its connection is closed.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <summary>How often the operator who waits is told for what.</summary>
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(10);

    private static readonly PosixSignal[] Signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT];

    private readonly TaskCompletionSource _atOnce = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends what still runs, once the server stops: what a second signal does.</summary>
    public void AtOnce() => _atOnce.TrySetResult();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStopping.Register(() => stopping.TrySetResult());
        await Task.WhenAny(stopping.Task, Task.Delay(Timeout.Infinite, stoppingToken));
        if (!stopping.Task.IsCompleted)
            return;
        var again = Array.ConvertAll(Signals, signal => PosixSignalRegistration.Create(signal, second =>
        {
            second.Cancel = true;
            AtOnce();
        }));
        try
        {
            // The web server is stopped before this service, so the token fires when the last answer has ended; until then somebody must watch the clock.
            using (var over = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken))
            {
                var telling = TellAsync(over.Token);
                await Task.WhenAny(_atOnce.Task, Task.Delay(ServeHost.Grace, time, stoppingToken));
                await over.CancelAsync();
                await telling;
            }
            if (stoppingToken.IsCancellationRequested)
                return;
            open.StopAll();
            // Real time, whatever clock the server has: bytes leave in it.
            await Task.Delay(LastWords, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            open.LetGoAll();
        }
        finally
        {
            foreach (var signal in again)
                signal.Dispose();
        }
    }

    /// <summary>Says what is waited for, until that is over.</summary>
    private async Task TellAsync(CancellationToken over)
    {
        for (var left = ServeHost.Grace; left > TimeSpan.Zero && !over.IsCancellationRequested; left -= TellEvery)
        {
            if (open.Count is > 0 and var running)
                log.LogInformation("Stopping: {Running} still running, at most {Seconds:0} s more", running == 1 ? "1 answer is" : $"{running} answers are", left.TotalSeconds);
            await Task.Delay(TellEvery, time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
