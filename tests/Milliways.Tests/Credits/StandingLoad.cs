using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>Callers that ask servers without end, each its own one after the other, with a moment in between.</summary>
internal sealed class StandingLoad : IAsyncDisposable
{
    private readonly Lock _one = new();
    private readonly List<CrowdAnswer> _answers = [];
    private readonly List<Awaited> _awaited = [];
    private readonly IReadOnlyList<TestServer> _servers;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _callers;

    public StandingLoad(IReadOnlyList<TestServer> servers, int callers, Func<TestServer, int, Task<CrowdAnswer>> ask)
    {
        _servers = servers;
        _callers = Task.WhenAll(Enumerable.Range(0, callers).Select(i => AskAsync(servers[i % servers.Count], () => ask(servers[i % servers.Count], i))));
    }

    /// <summary>Completes when each server has answered so often again with this status.</summary>
    public Task MoreAsync(int status, int count)
    {
        var awaited = new Awaited(status, _servers.ToDictionary(server => server, _ => count));
        lock (_one)
            _awaited.Add(awaited);
        return Task.WhenAny(awaited.Done.Task, _callers).Unwrap().Soon();
    }

    /// <summary>Nobody asks any more. Returns all answers.</summary>
    public async Task<IReadOnlyList<CrowdAnswer>> StopAsync()
    {
        await _stop.CancelAsync();
        await _callers.Soon();
        return _answers;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_callers).Soon(); // what a caller met is told by the one who waits for it
        _stop.Dispose();
    }

    private async Task AskAsync(TestServer server, Func<Task<CrowdAnswer>> ask)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_stop.IsCancellationRequested)
        {
            var answer = await ask();
            lock (_one)
            {
                _answers.Add(answer);
                _awaited.RemoveAll(awaited => awaited.IsOver(server, answer.Status));
            }
            await ManualTime.MomentAsync();
        }
    }

    private sealed record Awaited(int Status, Dictionary<TestServer, int> Missing)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Takes note of an answer. Returns whether it was the last that was missing.</summary>
        public bool IsOver(TestServer server, int status)
        {
            if (status != Status || !Missing.TryGetValue(server, out var count))
                return false;
            Missing[server] = count - 1;
            return Missing.Values.All(left => left <= 0) && Done.TrySetResult();
        }
    }
}
