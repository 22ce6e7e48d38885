namespace Milliways.Exchanges;

/// <summary>
/// The exchanges that run without a caller. When the server stops, nobody waits for them as the web server waits for its connections: they are ended with
/// the failure that says so, and their answers are written before the database closes.
/// </summary>
internal sealed class DetachedExchanges(OpenExchanges open) : IHostedService
{
    private readonly Lock _one = new();
    private readonly HashSet<Task> _running = [];

    public void Run(Func<Task> exchange)
    {
        var running = RunAsync(exchange);
        lock (_one)
            _running.Add(running);
        _ = ForgetAsync(running);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task[] left;
        lock (_one)
            left = [.. _running];
        if (left.Length == 0)
            return;
        open.StopAll();
        await Task.WhenAll(left).WaitAsync(cancellationToken);
    }

    private static async Task RunAsync(Func<Task> exchange)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await exchange();
    }

    private async Task ForgetAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_one)
            _running.Remove(running);
    }
}
