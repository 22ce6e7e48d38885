using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Limits.Sharing;
using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits.Sharing;

/// <summary>Several servers on one database, in one thread and on a clock that stands until it is moved: every step of a transaction is a step of its own.</summary>
internal sealed class ShareWorld : IDisposable
{
    private readonly TempDirectory _directory = new();
    private long _lastEpoch;

    public ShareWorld() => Database = SqliteSession.Open(_directory["ledger.db"], Schema.Ledger, "OFF");

    public ManualTime Clock { get; private set; } = new();

    public DatabaseSession Database { get; }

    public Guid Team { get; private set; }

    public List<ShareServer> Servers { get; } = [];

    public ShareLog Log { get; private set; } = new();

    /// <summary>Begins anew, with so many servers.</summary>
    public ShareWorld With(int servers)
    {
        (Clock, Team, Log) = (new ManualTime(), new Guid((int)++_lastEpoch, 1, 2, [3, 4, 5, 6, 7, 8, 9, 10]), new ShareLog());
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
            Clock.Advance(rest < TimeSpan.FromSeconds(3) ? rest : TimeSpan.FromSeconds(3));
            foreach (var server in Servers.Where(server => !server.IsCutOff && Clock.Now - server.Seen >= TimeSpan.FromSeconds(3)))
                server.Renew();
        }
    }

    public void Dispose()
    {
        Database.Dispose();
        _directory.Dispose();
    }
}

/// <summary>One server, driven by hand as <see cref="SharedLimits"/> drives it.</summary>
internal sealed class ShareServer
{
    private readonly ShareWorld _world;
    private readonly long _epoch;
    private readonly List<ShareRequest> _waiting = [];

    /// <summary>Limits as they were asked under last: those of a request that waits may have changed since, and what is in effect when it is decided holds.</summary>
    private readonly Dictionary<ScopeName, LimitSet> _inEffect = [];
    private SharePlan? _plan;
    private (ShareOutcome Outcome, TimeSpan At)? _decided;
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

    public void Renew()
    {
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
            Assert.True(Shares.Enqueue(request.Waiter = new ShareWaiter(request.Held)));
            _waiting.Add(request);
        }
        else if (entry == ShareEntry.Admitted)
            Admitted(request, _world.Clock.Now);
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
            Decide();
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
#pragma warning disable xUnit1031 // It is completed.
            var answer = request.Waiter!.Answer.Result;
#pragma warning restore xUnit1031
            (request.Hit, request.Standing, request.IsRefused) = (answer.Hit, answer.Standing, answer.Entry == ShareEntry.Refused);
            request.IsUnavailable = answer.Entry == ShareEntry.Wait;
            if (answer.Entry == ShareEntry.Admitted)
                Admitted(request, decided);
        }
    }

    private void Admitted(ShareRequest request, TimeSpan at)
    {
        request.IsAdmitted = true;
        Running.Add(request);
        _world.Log.Admitted(request, at, _inEffect);
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

    public bool IsRefused { get; set; }

    public bool IsUnavailable { get; set; }
}

/// <summary>What was let in by all servers, by brute force: every booking with its moment, which is that of the decision.</summary>
internal sealed class ShareLog
{
    private readonly Dictionary<(ScopeName Scope, Measure Measure), List<Booking>> _windows = [];

    public int Count { get; private set; }

    public void Admitted(ShareRequest request, TimeSpan at, Dictionary<ScopeName, LimitSet> inEffect)
    {
        Count++;
        for (var i = 0; i < request.Held.Length; i++)
            for (var measure = Measure.RequestsPerSecond; measure < Measure.Concurrent; measure++)
                if (Measures.Of(request.Scopes[i].Limits, measure) is not null)
                    Of(request.Scopes[i].Name, measure).Add(new Booking(request, at, Measures.Of(inEffect[request.Scopes[i].Name], measure) ?? long.MaxValue) { Amount = request.Held[i].Amount((int)measure) });
    }

    public void Lower(ShareRequest request, Func<long, long> to)
    {
        foreach (var (window, bookings) in _windows)
            foreach (var booking in bookings.Where(one => one.Request == request && (window.Measure == Measure.TokensPerMinute || to(1) == 0)))
                booking.Amount = to(booking.Amount);
    }

    /// <summary>The most that any window held, wherever it begins.</summary>
    public long Fullest(ScopeName scope, Measure measure) => Of(scope, measure) is { Count: > 0 } all ? all.Max(last => Sum(all, last, measure)) : 0;

    /// <summary>No window holds more than the limit that was in effect at its last admission.</summary>
    public void Check()
    {
        foreach (var ((scope, measure), bookings) in _windows)
            foreach (var last in bookings)
            {
                var limit = bookings.Where(one => one.At == last.At).Max(one => one.Limit);
                Assert.True(Sum(bookings, last, measure) <= limit, $"{scope} {measure} at {last.At}: {Sum(bookings, last, measure)} of {limit}");
            }
    }

    private static long Sum(List<Booking> all, Booking last, Measure measure)
    {
        var length = TimeSpan.FromSeconds(Measures.Seconds(measure));
        return all.Where(one => one.At <= last.At && last.At - one.At < length).Sum(one => one.Amount);
    }

    private List<Booking> Of(ScopeName scope, Measure measure)
    {
        if (!_windows.TryGetValue((scope, measure), out var bookings))
            _windows.Add((scope, measure), bookings = []);
        return bookings;
    }

    private sealed class Booking(ShareRequest request, TimeSpan at, long limit)
    {
        public ShareRequest Request => request;

        public TimeSpan At => at;

        public long Limit => limit;

        public long Amount { get; set; }
    }
}
