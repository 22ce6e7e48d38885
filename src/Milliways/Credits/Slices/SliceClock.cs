using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>
/// What slices need each second: what lies idle goes back, open holds are published, and what servers had that are gone is reclaimed. At the end of the server
/// everything goes back, before its epoch ends.
/// </summary>
internal sealed class SliceClock(LedgerDatabase database, Bookkeeping books, Epochs epochs, TimeProvider time, ILogger<SliceClock> log) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <summary>Every so many beats it is looked for servers that are gone.</summary>
    private const int Looks = 3;

    /// <summary>Holds that are younger are nobody's business: most are gone before anybody could read of them.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromSeconds(1);

    /// <summary>How long an end waits for the books to have what is durable.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HoldBoard _board = new();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (books.Slicing is not { } slicing)
            return;
        try
        {
            // In this order: what is in the books as spent is out no more, and the rest is free.
            await books.Folder.CatchUpAsync(cancellationToken).WaitAsync(Patience, time, cancellationToken);
            foreach (var account in books.Ledger.Accounts)
                await slicing.ReturnAllAsync(account).WaitAsync(Patience, time, cancellationToken);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            log.LogWarning("The database is away: what this server had of its teams' credits is back when another one reclaims it");
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (books.Slicing is not { } slicing)
            return;
        using var timer = new PeriodicTimer(Beat, time);
        await TryAsync(session => Reclaim(session, marks: false)); // what this data directory had before, at once
        for (var beat = 1; await timer.WaitForNextTickAsync(stoppingToken); beat++)
        {
            foreach (var account in books.Ledger.Accounts)
            {
                slicing.Return(account);
                slicing.Inquire(account);
            }
            await PublishAsync();
            if (beat % Looks == 0)
                await TryAsync(session => Reclaim(session, marks: epochs.IsSteady));
        }
    }

    private bool Reclaim(DatabaseSession session, bool marks)
    {
        if (marks)
        {
            var now = session.Now(time);
            if (Reclaimer.Mark(session, now - (long)Epochs.Silence.TotalMilliseconds, now) is > 0 and var gone)
                log.LogInformation("{Count} servers are gone; what they had of the teams' credits belongs to all again", gone);
        }
        Reclaimer.Clear(session);
        return true;
    }

    private async Task PublishAsync()
    {
        var now = time.GetUtcNow();
        var (changed, gone) = _board.Changes([.. books.Ledger.OpenHolds().Where(hold => now - hold.Since >= Young && hold.Ticks > 0)]);
        if (changed.Count + gone.Count > 0 && await TryAsync(session => HoldBoard.Write(session, changed, gone)))
            _board.Done(changed, gone);
    }

    private async Task<bool> TryAsync(Func<DatabaseSession, bool> work)
    {
        try
        {
            return await database.RunAsync(work);
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away))
        {
            return false; // the next beat tries again; the change watch tells the operator
        }
    }
}
