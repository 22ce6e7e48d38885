using System.Collections.Concurrent;
using Milliways.Credits;
using Milliways.Routing.Order;
using Milliways.Storage;

namespace Milliways.Alerts;

/// <summary>
/// Delivers what waits, at least once: a claim that a server took with it when it died is over after <see cref="AlertBook.Lease"/>, and the next try bears the
/// same id. Several servers may run it; each delivery is one server's at a time.
/// </summary>
internal sealed class AlertSender(AlertDesk desk, AlertCourier courier, LedgerDatabase database, Lots lots, TimeProvider time, ILogger<AlertSender> log) : BackgroundService
{
    /// <summary>After the first try, the second, ...; then it is given up: about 18 hours.</summary>
    public static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10),
    ];

    /// <summary>At one time, and to one target, so that one that does not answer leaves room for others.</summary>
    private const int MostAtOnce = 8, MostToOne = 2;

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Upkeep = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<(string Alert, string Target), Task> _running = new();
    private readonly SemaphoreSlim _told = new(0, 1);
    private long? _forgot;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        desk.Told += Wake;
        try
        {
            while (true)
            {
                await LookAsync(stoppingToken);
                using var beat = new CancellationTokenSource(Beat, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(beat.Token, stoppingToken);
                await _told.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (Exception over) when (stoppingToken.IsCancellationRequested && over is OperationCanceledException or ObjectDisposedException)
        {
            // Stopped, or let go of without that.
        }
        finally
        {
            desk.Told -= Wake;
            // What is cut off here is tried again by whoever comes next.
            await Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override void Dispose()
    {
        base.Dispose(); // cancels first
        _told.Dispose();
    }

    /// <summary>From 0.8 to 1.2 of the wait, so that a receiver that comes back is not hit by all at once.</summary>
    internal static TimeSpan? WaitAfter(int attempt, double lot) => attempt <= Waits.Length ? Waits[attempt - 1] * (0.8 + (0.4 * lot)) : null;

    private void Wake()
    {
        if (_told.CurrentCount == 0)
            try
            {
                _told.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another one woke it.
            }
    }

    private async Task LookAsync(CancellationToken stop)
    {
        try
        {
            if (_forgot is not { } before || time.GetElapsedTime(before) >= Upkeep)
            {
                await database.RunAsync(session => AlertBook.Forget(session, time.GetUtcNow()));
                _forgot = time.GetTimestamp();
            }
            if (_running.Count >= MostAtOnce)
                return;
            var due = await database.ReadAsync(session => AlertBook.FindDue(session, time.GetUtcNow(), most: 256));
            foreach (var claim in due)
                if (_running.Count < MostAtOnce && _running.Keys.Count(running => running.Target == claim.Target) < MostToOne
                    && await database.RunAsync(session => AlertBook.TryClaim(session, claim, time.GetUtcNow())))
                    Start(claim, stop);
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away))
        {
            // The watch of the books tells that the database is away; what waits keeps.
        }
    }

    private void Start(Claim claim, CancellationToken stop)
    {
        var place = (claim.Alert, claim.Target);
        // Set before it runs: a try that ends at once must find its place to leave it.
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[place] = RunAsync();
        begin.SetResult();

        async Task RunAsync()
        {
            await begin.Task;
            try
            {
                await DeliverAsync(claim, stop);
            }
            catch (Exception away) when (Bookkeeping.IsTrouble(away) || away is OperationCanceledException)
            {
                // Its claim ends by itself, and then it is tried again.
            }
            finally
            {
                _running.TryRemove(place, out _);
                Wake();
            }
        }
    }

    private async Task DeliverAsync(Claim claim, CancellationToken stop)
    {
        var result = await courier.DeliverAsync(claim.Target, claim.Body, stop);
        var (now, attempt) = (time.GetUtcNow(), claim.Attempts + 1);
        switch (result.Kind)
        {
            case DeliveryKind.Delivered:
                await database.RunAsync(session => Done(() => AlertBook.Delivered(session, claim, now)));
                break;
            case DeliveryKind.Gone:
                await database.RunAsync(session => Done(() => AlertBook.SwitchOff(session, claim, result.Error!, now)));
                log.LogWarning("The alerts' target {Target} wants nothing more (410) and is switched off, until a test of it succeeds: milliways alerts test", claim.Target);
                break;
            case DeliveryKind.Failed when WaitAfter(attempt, lots.NextFraction()) is { } wait:
                await database.RunAsync(session => Done(() => AlertBook.TryAgain(session, claim, result.Error!, now + wait)));
                if (attempt == 1)
                    log.LogWarning("The alert {Alert} could not be delivered to {Target} ({Error}); trying again", claim.Alert, claim.Target, result.Error);
                break;
            default:
                await database.RunAsync(session => Done(() => AlertBook.GiveUp(session, claim, result.Error!, now)));
                log.LogError("The alert {Alert} was given up after {Count} tries: {Target} ({Error})", claim.Alert, attempt, claim.Target, result.Error);
                break;
        }
    }

    private static bool Done(Action change)
    {
        change();
        return true;
    }
}
