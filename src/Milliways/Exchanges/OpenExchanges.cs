using System.Globalization;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>
/// All exchanges that are running. One sweep, a few times a second, watches every time-out and sends every keep-alive: a timer for each chunk would cost
/// more than the chunk.
/// </summary>
internal sealed class OpenExchanges(TimeProvider time) : BackgroundService
{
    /// <summary>A sign of life goes out within this much silence (contract, "Choices where sources differ": 15 s).</summary>
    public static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(14);

    /// <summary>A caller that does not read for this long is let go (contract, "Time-outs").</summary>
    public static readonly TimeSpan WriteStall = TimeSpan.FromSeconds(60);

    /// <summary>A request whose body stops half way for so long is given up, where the server's connection does not see to it: on one that others share.</summary>
    public static readonly TimeSpan BodyStall = TimeSpan.FromSeconds(30);

    /// <summary>When a stream's time is over, its caller has so long to take what is just being sent.</summary>
    private static readonly TimeSpan LastRead = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);

    private readonly Lock _one = new();
    private readonly List<Exchange> _open = [];
    private readonly List<(HashSet<Exchange> Left, TaskCompletionSource Ended)> _waiting = [];

    public int Count
    {
        get
        {
            lock (_one)
                return _open.Count;
        }
    }

    public void Add(Exchange exchange)
    {
        lock (_one)
        {
            exchange.Place = _open.Count;
            _open.Add(exchange);
        }
    }

    public void Remove(Exchange exchange)
    {
        lock (_one)
        {
            if (exchange.Place < 0)
                return;
            // The last one takes its place.
            var last = _open[^1];
            (_open[exchange.Place], last.Place) = (last, exchange.Place);
            _open.RemoveAt(_open.Count - 1);
            exchange.Place = -1;
            if (_waiting.Count > 0)
                Leave(exchange);
        }
    }

    private void Leave(Exchange exchange)
    {
        foreach (var (left, ended) in _waiting)
            if (left.Remove(exchange) && left.Count == 0)
                ended.SetResult();
        _waiting.RemoveAll(waiting => waiting.Left.Count == 0);
    }

    /// <summary>Whether an exchange runs whose caller came on this connection.</summary>
    public bool IsOn(string connection)
    {
        lock (_one)
        {
            foreach (var exchange in _open)
                if (exchange.Http.Connection.Id == connection)
                    return true;
            return false;
        }
    }

    /// <summary>Completes when everything that is running now has ended, whatever has begun meanwhile.</summary>
    public Task WhenEndedAsync()
    {
        lock (_one)
        {
            if (_open.Count == 0)
                return Task.CompletedTask;
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(([.. _open], ended));
            return ended.Task;
        }
    }

    /// <summary>Ends what is left when the server's grace period is over, with an error that the caller is told.</summary>
    public void StopAll()
    {
        foreach (var exchange in All())
            exchange.Stop(ShuttingDown);
    }

    /// <summary>Closes the connections of callers who have not even read that.</summary>
    public void LetGoAll()
    {
        foreach (var exchange in All())
            exchange.LetGo(ShuttingDown);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            foreach (var exchange in All())
                Watch(exchange);
    }

    private static void Watch(Exchange exchange)
    {
        var (limits, waiting) = (exchange.Timeouts, exchange.Waiting);
        if (waiting == Waiting.Caller && exchange.Silence > WriteStall)
            exchange.LetGo(TimedOut(FailureParty.Client, "write-stall", WriteStall, "The caller did not read"));
        else if (waiting == Waiting.Body && exchange.Silence > BodyStall)
            exchange.Stop(TimedOut(FailureParty.Client, "body", BodyStall, "The request stopped half way, and nothing more of it came"));
        else if (exchange.Age > exchange.Total && waiting == Waiting.Body)
            exchange.Stop(TimedOut(FailureParty.Client, "body", exchange.Total, "The request was not complete"));
        else if (exchange.Age > exchange.Total && waiting == Waiting.Caller && exchange.Caller is not null && exchange.Silence > LastRead)
            exchange.LetGo(TimedOut(FailureParty.Client, "total", exchange.Total, "The caller did not read the answer"));
        else if (exchange.Age > exchange.Total)
            exchange.Stop(TimedOut(FailureParty.Upstream, "total", exchange.Total, "The answer was not complete"));
        else if (waiting == Waiting.Headers && exchange.Silence > limits.FirstByte)
            exchange.Stop(TimedOut(FailureParty.Upstream, "headers", limits.FirstByte, "The upstream did not begin to answer"));
        else if (waiting == Waiting.FirstEvent && exchange.Silence > limits.FirstByte)
            exchange.Stop(TimedOut(FailureParty.Upstream, "first-event", limits.FirstByte, "The upstream gave no sign"));
        else if (waiting == Waiting.NextEvent && exchange.Silence > limits.Idle)
            exchange.Stop(TimedOut(FailureParty.Upstream, "idle", limits.Idle, "The upstream fell silent and gave nothing more"));
        else if (waiting is Waiting.Headers or Waiting.FirstEvent or Waiting.NextEvent or Waiting.Retry && exchange.Caller is { } caller && KeepAlive.IsDue(exchange, caller))
            _ = KeepAlive.SendAsync(exchange, caller);
    }

    private static Failure ShuttingDown =>
        new(FailureKind.Overloaded, FailureParty.Gateway, "shutdown", "The server is shutting down: send the request again.") { RetryAfterSeconds = 5 };

    private static Failure TimedOut(FailureParty party, string stage, TimeSpan limit, string what) =>
        new(FailureKind.Timeout, party, stage, string.Create(CultureInfo.InvariantCulture, $"{what} within {limit.TotalSeconds:0.###} s."));

    /// <summary>Those that run in this moment.</summary>
    public Exchange[] All()
    {
        lock (_one)
            return _open.Count == 0 ? [] : [.. _open];
    }
}
