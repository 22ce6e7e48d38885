using System.Threading.Channels;

namespace Milliways.Storage;

/// <summary>
/// Sees what other servers and commands have changed, so that it is in effect within a second (contract, "Commands"): looks at the numbers in <c>changes</c>
/// twice a second, and at once when PostgreSQL says that something was changed. While the database is away everybody goes on with what they know.
/// </summary>
internal sealed class ChangeWatch(LedgerDatabase database, IEnumerable<IRefreshed> refreshed, TimeProvider time, ILogger<ChangeWatch> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, long> _seen = [];
    private readonly Dictionary<IRefreshed, bool> _stale = refreshed.ToDictionary(one => one, _ => true);
    private long? _commits;
    private long _contact = time.GetTimestamp();
    private string? _trouble;

    /// <summary>How long the database has not answered, and why; null: it answers.</summary>
    public (TimeSpan For, string Why)? Away => Volatile.Read(ref _trouble) is { } why ? (time.GetElapsedTime(Volatile.Read(ref _contact)), why) : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var thread = database.OpenThread("changes");
        using var timer = new PeriodicTimer(Every, time);
        var said = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        var listening = database.Address.Postgres is { } postgres
            ? new PostgresListener(postgres, time).RunAsync(() => said.Writer.TryWrite(true), stoppingToken)
            : Task.CompletedTask;
        try
        {
            Task tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
            Task poke = said.Reader.ReadAsync(stoppingToken).AsTask();
            while (true)
            {
                await await Task.WhenAny(tick, poke);
                if (poke.IsCompleted)
                    poke = said.Reader.ReadAsync(stoppingToken).AsTask();
                if (tick.IsCompleted)
                    tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
                await LookAsync(thread);
            }
        }
        finally
        {
            await listening;
        }
    }

    private async Task LookAsync(DatabaseThread thread)
    {
        try
        {
            await thread.ReadAsync(Look);
            Volatile.Write(ref _contact, time.GetTimestamp());
            if (Interlocked.Exchange(ref _trouble, null) is not null)
                log.LogWarning("The database answers again; what was changed meanwhile is in effect");
        }
#pragma warning disable CA1031 // A revoked key must not stay in effect because something unforeseen ended the watch: the next look tries again.
        catch (Exception away)
#pragma warning restore CA1031
        {
            if (Interlocked.Exchange(ref _trouble, away.Message) is null)
                log.LogWarning("Changes cannot be read ({Reason}); what is known stays in effect", away.Message);
        }
    }

    /// <summary>On the thread of the database: nothing here may wait for a pool's thread.</summary>
    private bool Look(DatabaseSession session)
    {
        var commits = session.ForeignCommits();
        if (commits is not null && commits == _commits && !_stale.ContainsValue(true))
            return true;
        foreach (var (topic, number) in session.Query("SELECT topic, number FROM changes", row => (row.GetString(0), row.GetInt64(1))))
        {
            if (_seen.TryGetValue(topic, out var seen) && seen == number)
                continue;
            _seen[topic] = number;
            foreach (var one in _stale.Keys)
                if (one.Concerns.Contains(topic))
                    _stale[one] = true;
        }
        _commits = commits;
        // The numbers were read first: what changes from here on is another number. One that could not be read again stays stale.
        foreach (var one in _stale.Keys)
            if (_stale[one])
            {
                one.Refresh();
                _stale[one] = false;
            }
        return true;
    }
}
