using System.Globalization;

namespace Milliways.Storage;

/// <summary>
/// This process among the servers on one database. Each start takes an epoch, a number that is never given out again, and says every three seconds that it
/// lives. What a server was given in an epoch may be taken back once the epoch was not seen for <see cref="Silence"/>; the server itself stops using it
/// much earlier, <see cref="Life"/> less <see cref="Margin"/> after its last word, by its own monotonic clock, so that a paused process never uses what another
/// one has (design §4, "Replicas").
/// </summary>
internal sealed class Epochs(LedgerDatabase database, TimeProvider time, ILogger<Epochs> log) : BackgroundService
{
    /// <summary>How long an epoch counts as alive after it was last seen, by the database's clock.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(10);

    /// <summary>How much earlier the process itself stops.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    /// <summary>After that much silence others may take what the epoch was given.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);

    /// <summary>After that much silence nothing that a process was doing will be finished by it.</summary>
    public static readonly TimeSpan Lost = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(3);

    /// <summary>How long somebody who needs a lease waits for one that has run out.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _one = new();
    private Lease _lease = new(0, 0, 0);
    private DatabaseThread? _thread;
    private Task? _renewing;

    /// <summary>The id of the journal in this process's data directory: whoever has the directory's lock knows that earlier epochs with the same one are over.</summary>
    public Guid? Journal { get; set; }

    /// <summary>The epoch of now. It changes when this process was silent for so long that another one has ended it.</summary>
    public long Current => Volatile.Read(ref _lease).Epoch;

    /// <summary>
    /// The database has answered without a gap for a whole <see cref="Life"/>: who lives has had the time to say so. After an absence of the database nobody
    /// was seen, and all may live.
    /// </summary>
    public bool IsSteady => Volatile.Read(ref _lease) is var lease && IsCurrent(lease.Epoch) && time.GetElapsedTime(lease.Since) >= Life;

    /// <summary>Whether what was given to an epoch may be used now.</summary>
    public bool IsCurrent(long epoch) => Volatile.Read(ref _lease) is var lease && lease.Epoch == epoch && epoch != 0 && time.GetElapsedTime(lease.Sent) < Life - Margin;

    /// <summary>Takes an epoch, before the server does anything that needs one.</summary>
    public async Task TakeAsync()
    {
        var sent = time.GetTimestamp();
        Volatile.Write(ref _lease, new Lease(await database.RunAsync(session => session.Transact(() => Begin(session))), sent, sent));
    }

    /// <summary>Renews a lease that has run out, as after a pause of this process, and waits a moment for it. False: there is none.</summary>
    public async ValueTask<bool> EnsureAsync()
    {
        if (IsCurrent(Current))
            return true;
        if (Current == 0)
            return false; // not started, or stopped
        Task renewing;
        lock (_one)
            renewing = _renewing is { IsCompleted: false } ? _renewing : _renewing = RenewAsync();
        await Task.WhenAny(renewing, Task.Delay(Patience, time));
        return IsCurrent(Current);
    }

    /// <summary>Those of some epochs whose processes will not go on with anything: ended, or not seen for <see cref="Lost"/>.</summary>
    public Task<HashSet<long>> GoneAsync(IReadOnlyCollection<long> epochs) => database.ReadAsync(session =>
    {
        var alive = session.Query("SELECT epoch FROM epochs WHERE ended IS NULL AND seen > $since", row => row.GetInt64(0),
            ("$since", session.Now(time) - (long)Lost.TotalMilliseconds));
        return epochs.Except(alive).ToHashSet();
    });

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TakeAsync();
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        var last = Current;
        Volatile.Write(ref _lease, new Lease(0, 0, 0));
        await base.StopAsync(cancellationToken);
        try
        {
            await database.RunAsync(session => session.Execute(
                "UPDATE epochs SET ended = $now WHERE epoch = $epoch AND ended IS NULL", ("$now", session.Now(time)), ("$epoch", last)));
        }
        catch (DatabaseException)
        {
            // Then it ends by itself when its life is over.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await RenewAsync();
        }
        finally
        {
            DatabaseThread? thread;
            lock (_one)
                (thread, _thread) = (_thread, null);
            if (thread is not null)
                await thread.DisposeAsync();
        }
    }

    private async Task RenewAsync()
    {
        try
        {
            DatabaseThread thread;
            lock (_one)
                thread = _thread ??= database.OpenThread("epoch");
            var before = Current;
            await thread.RunAsync(Renew);
            if (Current != before)
                log.LogWarning("This server was not heard of for too long and has begun anew (epoch {Old}, now {New})", before, Current);
        }
        catch (DatabaseException)
        {
            // The lease runs out by itself; the next tick tries again. The change watch tells the operator.
        }
    }

    /// <summary>On the one thread of renewals, so that a lease never goes back.</summary>
    private bool Renew(DatabaseSession session)
    {
        var (old, sent) = (Volatile.Read(ref _lease), time.GetTimestamp());
        if (old.Epoch == 0)
            return false;
        var renewed = session.Execute("UPDATE epochs SET seen = $now WHERE epoch = $epoch AND ended IS NULL", ("$now", session.Now(time)), ("$epoch", old.Epoch));
        var since = time.GetElapsedTime(old.Sent, sent) < Life ? old.Since : sent;
        Volatile.Write(ref _lease, new Lease(renewed > 0 ? old.Epoch : session.Transact(() => Begin(session)), sent, since));
        return true;
    }

    private long Begin(DatabaseSession session)
    {
        var now = session.Now(time);
        // Files belong to one server at a time, so whoever had them before is not there any more.
        if (database.Address.Postgres is null)
            session.Execute("UPDATE epochs SET ended = $now WHERE ended IS NULL", ("$now", now));
        // So does a data directory. What its journal had is in the books by now.
        if (Journal is { } journal)
            session.Execute("UPDATE epochs SET ended = COALESCE(ended, $now), reclaimed = $now WHERE journal = $journal AND reclaimed IS NULL", ("$now", now), ("$journal", journal.ToString("N")));
        var instance = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}");
        return session.Query("INSERT INTO epochs (instance, started, seen, journal) VALUES ($instance, $now, $now, $journal) RETURNING epoch", row => row.GetInt64(0),
            ("$instance", instance), ("$now", now), ("$journal", Journal?.ToString("N")))[0];
    }

    /// <param name="Epoch">The number; 0: none.</param>
    /// <param name="Sent">The monotonic clock when the last renewal that succeeded was sent.</param>
    /// <param name="Since">When the first of those was sent that followed each other without a gap.</param>
    private sealed record Lease(long Epoch, long Sent, long Since);
}
