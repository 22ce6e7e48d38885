using System.Globalization;

namespace Milliways.Storage;

/// <summary>
/// This process among the servers on one database. Each start takes an epoch, a number that is never given out again, and says every three seconds that it
/// lives. What a server was given in an epoch may be taken back once the epoch was not seen for <see cref="Life"/>; the server itself stops using it
/// <see cref="Margin"/> earlier, by its own monotonic clock, so that a paused process never uses what another one has (design §4, "Replicas").
/// </summary>
internal sealed class Epochs(LedgerDatabase database, TimeProvider time, ILogger<Epochs> log) : BackgroundService
{
    /// <summary>How long an epoch counts as alive after it was last seen, by the database's clock.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(10);

    /// <summary>How much earlier the process itself stops.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    /// <summary>After that much silence nothing that a process was doing will be finished by it.</summary>
    public static readonly TimeSpan Lost = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(3);

    private Lease _lease = new(0, 0);

    /// <summary>The epoch of now. It changes when this process was silent for so long that another one has ended it.</summary>
    public long Current => Volatile.Read(ref _lease).Epoch;

    /// <summary>Whether what was given to an epoch may be used now.</summary>
    public bool IsCurrent(long epoch) => Volatile.Read(ref _lease) is var lease && lease.Epoch == epoch && time.GetElapsedTime(lease.Sent) < Life - Margin;

    /// <summary>Takes an epoch, before the server does anything that needs one.</summary>
    public async Task TakeAsync()
    {
        var sent = time.GetTimestamp();
        Volatile.Write(ref _lease, new Lease(await database.RunAsync(session => session.Transact(() => Begin(session))), sent));
    }

    /// <summary>The servers that live on a database, by machine and process.</summary>
    /// <param name="session">On the database.</param>
    /// <param name="time">For databases without a clock of their own.</param>
    /// <param name="before">Only those that started before this epoch.</param>
    public static List<string> Living(DatabaseSession session, TimeProvider time, long before = long.MaxValue) => session.Query(
        "SELECT instance FROM epochs WHERE ended IS NULL AND epoch < $before AND seen > $since ORDER BY epoch",
        row => row.GetString(0), ("$before", before), ("$since", session.Now(time) - (long)Life.TotalMilliseconds));

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
        await base.StopAsync(cancellationToken);
        await EndAsync();
    }

    private async Task EndAsync()
    {
        try
        {
            await database.RunAsync(session => session.Execute(
                "UPDATE epochs SET ended = $now WHERE epoch = $epoch AND ended IS NULL", ("$now", session.Now(time)), ("$epoch", Current)));
        }
        catch (DatabaseException)
        {
            // Then it ends by itself when its life is over.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var thread = database.OpenThread("epoch");
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            try
            {
                var before = Current;
                Volatile.Write(ref _lease, await thread.RunAsync(Renew));
                if (Current != before)
                    log.LogWarning("This server was not heard of for too long and has begun anew (epoch {Old}, now {New})", before, Current);
            }
            catch (DatabaseException)
            {
                // The lease runs out by itself; the next tick tries again. The change watch tells the operator.
            }
    }

    private Lease Renew(DatabaseSession session)
    {
        var (epoch, sent) = (Current, time.GetTimestamp());
        var renewed = session.Execute("UPDATE epochs SET seen = $now WHERE epoch = $epoch AND ended IS NULL", ("$now", session.Now(time)), ("$epoch", epoch));
        return new Lease(renewed > 0 ? epoch : session.Transact(() => Begin(session)), sent);
    }

    private long Begin(DatabaseSession session)
    {
        var now = session.Now(time);
        // Files belong to one server at a time, so whoever had them before is not there any more.
        if (database.Address.Postgres is null)
            session.Execute("UPDATE epochs SET ended = $now WHERE ended IS NULL", ("$now", now));
        var instance = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}");
        return session.Query("INSERT INTO epochs (instance, started, seen) VALUES ($instance, $now, $now) RETURNING epoch", row => row.GetInt64(0),
            ("$instance", instance), ("$now", now))[0];
    }

    /// <param name="Epoch">The number.</param>
    /// <param name="Sent">The monotonic clock when the last renewal that succeeded was sent.</param>
    private sealed record Lease(long Epoch, long Sent);
}
