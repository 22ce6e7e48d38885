using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Limits.Sharing;
using Milliways.Storage;

namespace Milliways.Simulation;

/// <summary>Several servers on one database, in one thread and on a clock that stands until it is moved: every step of a transaction is a step of its own.</summary>
internal sealed class ShareWorld : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("milliways-limits-").FullName;
    private long _lastEpoch;

    public ShareWorld() => Database = SqliteSession.Open(Path.Combine(_directory, "ledger.db"), Schema.Ledger, "OFF");

    public SimulatedClock Clock { get; private set; } = new();

    public DatabaseSession Database { get; }

    public Guid Team { get; private set; }

    public List<ShareServer> Servers { get; } = [];

    public ShareLog Log { get; private set; } = new();

    /// <summary>Begins anew, with so many servers.</summary>
    public ShareWorld With(int servers)
    {
        (Clock, Team, Log) = (new SimulatedClock(), new Guid((int)++_lastEpoch, 1, 2, [3, 4, 5, 6, 7, 8, 9, 10]), new ShareLog());
        Servers.Clear();
        Database.Execute("DELETE FROM epochs");
        Database.Execute("DELETE FROM limit_bookings");
        Database.Execute("DELETE FROM limit_slots");
        for (var i = 0; i < servers; i++)
            Servers.Add(Start());
        return this;
    }

    public ShareServer Start() => new(this, ++_lastEpoch);

    /// <summary>Servers that reach the database are seen by it on the way.</summary>
    public void Advance(TimeSpan by)
    {
        for (var rest = by; rest > TimeSpan.Zero; rest -= TimeSpan.FromSeconds(3))
        {
            Clock.Now += rest < TimeSpan.FromSeconds(3) ? rest : TimeSpan.FromSeconds(3);
            foreach (var server in Servers.Where(server => !server.IsCutOff && Clock.Now - server.Seen >= TimeSpan.FromSeconds(3)))
                server.Renew();
        }
    }

    public void Dispose()
    {
        Database.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>One server, driven by hand as <see cref="SharedLimits"/> drives it.</summary>
internal sealed class ShareServer
{
    private readonly ShareWorld _world;
    private readonly long _epoch;
    private readonly List<ShareRequest> _waiting = [];

    /// <summary>Limits as they were asked under last: those of a request that waits may have changed since, and what is in effect when the transaction about it begins holds.</summary>
    private readonly Dictionary<ScopeName, LimitSet> _inEffect = [];
    private Dictionary<ScopeName, LimitSet> _planned = [];
    private SharePlan? _plan;
    private (ShareOutcome Outcome, TimeSpan At)? _decided;
    private TimeSpan _back;
    private long _serial;
    private bool _isBusy;

    public ShareServer(ShareWorld world, long epoch)
    {
        (_world, _epoch) = (world, epoch);
        Shares = new TeamShares(world.Team, new ShareClock(world.Clock), () => epoch, () => ++_serial);
        world.Database.Execute("INSERT INTO epochs (epoch, instance, started, seen) VALUES ($epoch, 'x', 0, $now)", ("$epoch", epoch), ("$now", world.Database.Now(world.Clock)));
        Seen = world.Clock.Now;
    }

    public TeamShares Shares { get; }

    /// <summary>It lives and does not reach the database.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>The database was away lately, so that nobody was seen by it.</summary>
    public bool IsUnsteady { get; set; }

    public TimeSpan Seen { get; private set; }

    public List<ShareRequest> Running { get; } = [];

    /// <summary>What ran while nobody heard of it for so long that its slots were free for others runs on beside what they have let in.</summary>
    public void Renew()
    {
        if (_world.Clock.Now - Seen >= TimeSpan.FromMilliseconds(ShareStore.LostMilliseconds))
        {
            Running.ForEach(one => one.IsWrittenOff = true);
            _back = _world.Clock.Now;
        }
        _world.Database.Execute("UPDATE epochs SET seen = $now WHERE epoch = $epoch", ("$epoch", _epoch), ("$now", _world.Database.Now(_world.Clock)));
        Seen = _world.Clock.Now;
    }

    public ShareRequest Ask(TokenBound tokens, params ScopedLimits[] scopes)
    {
        var request = new ShareRequest(scopes);
        foreach (var scope in scopes)
            _inEffect[scope.Name] = scope.Limits;
        var entry = Shares.TryEnter(request.Held, tokens, out var hit, out var standing);
        (request.Hit, request.Standing) = (hit, standing);
        if (entry == ShareEntry.Wait)
        {
            Claim.Must(Shares.Enqueue(request.Waiter = new ShareWaiter(request.Held)), "too many wait");
            _waiting.Add(request);
        }
        else if (entry == ShareEntry.Admitted)
            Admitted(request, _world.Clock.Now, _inEffect);
        else
            request.IsRefused = true;
        return request;
    }

    /// <summary>Asks, and waits for the answer.</summary>
    public ShareRequest Enter(params ScopedLimits[] scopes)
    {
        var request = Ask(default, scopes);
        Pump();
        return request;
    }

    /// <summary>One step of a transaction: its plan, the decision, the answers.</summary>
    public void Step()
    {
        if (_plan is null)
        {
            _isBusy = _isBusy || Shares.TryBegin();
            if (_isBusy && (_plan = Shares.Plan()) is null)
                _isBusy = false;
            _planned = new(_inEffect);
        }
        else if (_decided is null)
        {
            try
            {
                if (IsCutOff)
                    Lose(committed: false);
                else
                    Decide();
            }
            catch (ShareEpochException)
            {
                Lose(committed: false); // it was cut off for long and was not seen again yet
            }
        }
        else
        {
            var (plan, (outcome, at)) = (_plan, _decided.Value);
            (_plan, _decided) = (null, null);
            Shares.Apply(plan, outcome);
            Answer(at);
        }
    }

    public void Pump()
    {
        do
            Step();
        while (_isBusy);
    }

    /// <summary>The answer never comes.</summary>
    public void Lose(bool committed)
    {
        if (_plan is not { } plan)
            return;
        if (committed && _decided is null)
            try
            {
                Decide();
            }
            catch (ShareEpochException)
            {
                // It was cut off for long and was not seen again yet: nothing was committed.
            }
        (_plan, _decided) = (null, null);
        Shares.Fail(plan);
        Answer(default);
    }

    public void End(ShareRequest request, long? used, bool undo = false)
    {
        Running.Remove(request);
        if (undo)
        {
            _world.Log.Lower(request, _ => 0);
            Shares.Undo(request.Held);
            return;
        }
        if (used is { } tokens)
        {
            _world.Log.Lower(request, reserved => Math.Min(reserved, tokens));
            Shares.Correct(request.Held, tokens);
        }
        Shares.Leave(request.Held);
    }

    private void Decide() => _decided = (_world.Database.Transact(() => ShareStore.Decide(_world.Database, _plan!, _world.Clock, !IsUnsteady)), _world.Clock.Now);

    private void Answer(TimeSpan decided)
    {
        foreach (var request in _waiting.Where(one => one.Waiter!.Answer.IsCompleted).ToList())
        {
            _waiting.Remove(request);
            var answer = request.Waiter!.Answer.GetAwaiter().GetResult(); // it is completed
            (request.Hit, request.Standing, request.IsRefused) = (answer.Hit, answer.Standing, answer.Entry == ShareEntry.Refused);
            request.IsUnavailable = answer.Entry == ShareEntry.Wait;
            if (answer.Entry == ShareEntry.Admitted)
                Admitted(request, decided, _planned);
        }
    }

    private void Admitted(ShareRequest request, TimeSpan at, Dictionary<ScopeName, LimitSet> inEffect)
    {
        request.IsAdmitted = true;
        request.IsWrittenOff = at < _back; // it was decided before, and its answer came after
        request.AdmittedUnder = [.. request.Scopes.Select(scope => new ScopedLimits(scope.Name, inEffect[scope.Name]))];
        Running.Add(request);
        _world.Log.Admitted(request, at);
    }
}

internal sealed class ShareRequest(ScopedLimits[] scopes)
{
    public ScopedLimits[] Scopes => scopes;

    public ShareHold[] Held { get; } = [.. scopes.Select(scope => new ShareHold { Asked = scope })];

    public ShareWaiter? Waiter { get; set; }

    public LimitHit Hit { get; set; }

    public LimitStanding Standing { get; set; }

    public bool IsAdmitted { get; set; }

    /// <summary>What was in effect when it was let in, which may be another limit than the one it was asked under.</summary>
    public IReadOnlyList<ScopedLimits> AdmittedUnder { get; set; } = [];

    /// <summary>Its slots belong to all again though it runs.</summary>
    public bool IsWrittenOff { get; set; }

    public bool IsRefused { get; set; }

    public bool IsUnavailable { get; set; }
}
