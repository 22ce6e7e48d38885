using System.Collections.Concurrent;
using Milliways.Limits.Counting;
using Milliways.Storage;

namespace Milliways.Limits.Sharing;

/// <summary>
/// The limits of all teams where several servers work on one database: together they let in what one would (docs/limits.md, "Several servers"). Of each team
/// one transaction runs at a time in this server; those of several teams run beside each other, on threads of their own.
/// </summary>
internal sealed class SharedLimits(LedgerDatabase database, Epochs epochs, TimeProvider time, ILogger<SharedLimits> log) : BackgroundService
{
    private const int Threads = 4;

    /// <summary>No caller waits longer for a database that hangs.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    /// <summary>How often it is looked at what lies idle.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

    private readonly ShareClock _clock = new(time);
    private readonly ConcurrentDictionary<Guid, TeamShares> _teams = new();
    private readonly Lazy<DatabaseThread> _threads = new(() => database.OpenThreads("limits", Threads));
    private long _unsteady = time.GetTimestamp();
    private long _serial;
    private bool _isAway;

    /// <summary>Other servers may work on the database; files belong to one.</summary>
    public bool IsOn { get; } = database.Address.Postgres is not null;

    /// <summary>Lets a request in under all its limits or none, at once where that can be decided here.</summary>
    /// <param name="entered">Where it is to be corrected and left.</param>
    /// <param name="waiter">Who has to wait, when it cannot; null as the answer <see cref="ShareEntry.Wait"/>: there are too many.</param>
    public ShareEntry TryEnter(Guid id, ShareHold[] held, in TokenBound tokens, out TeamShares entered, out ShareWaiter? waiter, out LimitHit hit, out LimitStanding standing)
    {
        waiter = null;
        while (true)
        {
            entered = _teams.GetOrAdd(id, static (id, own) => new TeamShares(id, own._clock, () => own.Epoch, () => Interlocked.Increment(ref own._serial)), this);
            if (entered.TryEnter(held, tokens, out hit, out standing) is { } entry)
            {
                if (entry == ShareEntry.Wait && !entered.Enqueue(waiter = new ShareWaiter(held)))
                    waiter = null;
                Go(entered);
                return entry;
            }
            _teams.TryRemove(new KeyValuePair<Guid, TeamShares>(id, entered));
        }
    }

    /// <summary>What the database decides; <see cref="ShareEntry.Wait"/> when it does not in time.</summary>
    public async Task<ShareAnswer> WaitAsync(TeamShares team, ShareWaiter waiter)
    {
        try
        {
            return await waiter.Answer.WaitAsync(Longest, time);
        }
        catch (TimeoutException)
        {
            team.Abandon(waiter);
            return new ShareAnswer(ShareEntry.Wait, default, default);
        }
    }

    /// <summary>Tells the database what there is to tell about a team, if there is.</summary>
    public void Go(TeamShares team)
    {
        if (team.TryBegin())
            team.Running = RunAsync(team);
    }

    /// <summary>Forgets what is idle, here and in the database.</summary>
    public async Task ForgetAsync()
    {
        foreach (var team in _teams)
            if (team.Value.Forget())
                _teams.TryRemove(team);
        try
        {
            while (await _threads.Value.RunAsync(session => ShareStore.Forget(session, time)))
            {
            }
        }
        catch (DatabaseException)
        {
            // The next time.
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var (_, team) in _teams)
        {
            team.TellAll();
            Go(team);
        }
        await Task.WhenAll(_teams.Values.Select(team => team.Running)).WaitAsync(Longest, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_threads.IsValueCreated)
            await _threads.Value.DisposeAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!IsOn)
            return;
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (!epochs.IsCurrent(Epoch))
                Volatile.Write(ref _unsteady, _clock.Now);
            foreach (var (_, team) in _teams)
            {
                team.Tick();
                Go(team);
            }
        }
    }

    /// <summary>After an absence of the database nobody was seen by it, and all may live: slots are nobody's only when those who live had the time to say so.</summary>
    private bool IsSteady => time.GetElapsedTime(Volatile.Read(ref _unsteady)) >= Epochs.Life;

    private long Epoch => epochs.Current;

    private async Task RunAsync(TeamShares team)
    {
        while (team.Plan() is { } plan)
            try
            {
                team.Apply(plan, await _threads.Value.RunAsync(session => session.Transact(() => ShareStore.Decide(session, plan, time, IsSteady))));
                if (Interlocked.Exchange(ref _isAway, false))
                    log.LogWarning("Limits are decided in the database again");
            }
#pragma warning disable CA1031 // Whoever waits must be told, whatever it was, and the others of the team must not wait for ever.
            catch (Exception failed)
#pragma warning restore CA1031
            {
                team.Fail(plan);
                if (!Interlocked.Exchange(ref _isAway, true))
                    log.LogWarning("Limits cannot be decided in the database ({Reason}): what was not taken before is refused", failed.Message);
            }
    }
}
