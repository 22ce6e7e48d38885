using Milliways.Exchanges;

namespace Milliways.Hosting;

/// <summary>At shutdown running answers go on for the grace period; what is left then ends with its dialect's error instead of a cut.</summary>
internal sealed class Drain(OpenExchanges open, IHostApplicationLifetime lifetime, TimeProvider time) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _drained = new();
    private CancellationTokenRegistration _stopping;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _stopping = lifetime.ApplicationStopping.UnsafeRegister(static drain => _ = ((Drain)drain!).WatchAsync(), this);
        return Task.CompletedTask;
    }

    /// <summary>The web server was started after this and is stopped before it: when this runs, every answer has ended.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _drained.CancelAsync();

    public void Dispose()
    {
        _stopping.Dispose();
        _drained.Dispose();
    }

    private async Task WatchAsync()
    {
        await Task.Delay(ServeHost.Grace, time, _drained.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_drained.IsCancellationRequested)
            open.StopAll();
    }
}
