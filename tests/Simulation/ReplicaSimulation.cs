using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Credits.Journal;
using Milliways.Credits.Slices;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Storage;
using static Milliways.Simulation.Claim;

namespace Milliways.Simulation;

/// <summary>
/// Three servers that share a team's money in one database, driven by one thread in an order that follows from the dice: each with a journal on a disk of its own, a
/// lease, and a clock that is a little off. What they ask of the database is done, lost on the way there, or lost on the way back; they pause past their
/// leases and go on, die and come back with what their disks have, and are reclaimed in between. After every step nothing is given out twice, and in the
/// end nothing is lost and nothing is doubled.
/// </summary>
internal sealed class ReplicaSimulation
{
    private const int Servers = 3;

    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(2);

    private readonly Func<int, int> _roll;
    private readonly LedgerDatabase _database;
    private readonly SimulatedClock _clock = new();
    private readonly Guid _team;
    private readonly Guid _key;
    private readonly string _prefix;
    private readonly long _postpaid;
    private readonly long? _hard;
    private readonly long? _budget;
    private readonly long? _gatewayHard;
    private readonly Dictionary<string, Request> _requests = [];
    private readonly List<Server> _servers = [];
    private SimulationTotals _totals = new();
    private int _next;
    private bool _mayOwe;

    private sealed class Request
    {
        public required Hold Hold { get; init; }

        public required Server Server { get; init; }

        public required Ledger Ledger { get; init; }

        public required Payer Payer { get; init; }

        public Task<long>? Settled { get; set; }

        /// <summary>Somebody was told that it is charged: then it is, whatever happens.</summary>
        public long? Acknowledged { get; set; }
    }

    /// <param name="roll">A number below its argument.</param>
    /// <param name="name">Makes requests unique in a database that others use too.</param>
    /// <param name="database">Where the team's money is.</param>
    public ReplicaSimulation(Func<int, int> roll, string name, LedgerDatabase database)
    {
        (_roll, _database, _prefix) = (roll, database, name + "-");
        (_team, _key) = (NewId(), NewId());
        _postpaid = Roll(3) == 0 ? 200 : 0;
        _hard = Roll(3) == 0 ? 900 : null;
        _budget = Roll(3) == 0 ? 700 : null;
        _gatewayHard = Roll(3) == 0 ? 300 : null;
        _database.Run(session => session.Transact(() =>
            session.Execute("INSERT INTO teams (id, name, created) VALUES ($team, 'simulated', 0)", ("$team", _team.ToString("N")))
            + session.Execute("INSERT INTO api_keys (id, team, name, digest, redacted, created, modified, budget) VALUES ($id, $team, '', $digest, '', 0, 0, $budget)",
                ("$id", _key.ToString("N")), ("$team", _team.ToString("N")), ("$digest", _key.ToByteArray()), ("$budget", _budget))));
        if (_hard is not null || _gatewayHard is not null)
            _database.Run(session => session.Execute("INSERT INTO spending_limits (team, gateway, hard) VALUES ($team, '', $hard), ($team, 'default', $gateway)",
                ("$team", _team.ToString("N")), ("$hard", _hard), ("$gateway", _gatewayHard)));
        for (var i = 0; i < Servers; i++)
            _servers.Add(new Server(this, NewId(), TimeSpan.FromSeconds(Roll(5)) - MostSkew));
    }

    public void Run(int steps, SimulationTotals totals)
    {
        _totals = totals;
        Give();
        for (var step = 0; step < steps; step++)
        {
            Act();
            Observe();
        }
        Quieten();
        CheckAll();
    }

    private int Roll(int below) => _roll(below);

    private void Act()
    {
        var awake = _servers.FindAll(one => one.PausedUntil <= _clock.Now);
        if (awake.Count < Servers && Roll(3) == 0 || awake.Count == 0)
        {
            // While somebody sleeps, time goes by for those who do not.
            _clock.Now += TimeSpan.FromSeconds(Roll(4) + 1);
            awake.ForEach(one => one.Renew());
            return;
        }
        var server = awake[Roll(awake.Count)];
        switch (Roll(24))
        {
            case 0 or 1 or 2:
                server.Hold();
                break;
            case 3 or 4 or 5:
                server.Take();
                break;
            case 6:
                server.Grow();
                break;
            case 7 or 8:
                server.Charge();
                break;
            case 9:
                server.Release();
                break;
            case 10 or 11:
                server.GiveBack();
                break;
            case 12:
                server.Journal.Step();
                break;
            case 13:
                server.Fold(Roll(5) + 1);
                break;
            case 14:
                _clock.Now += TimeSpan.FromMilliseconds(Roll(3000));
                foreach (var one in _servers.Where(one => one.PausedUntil <= _clock.Now))
                    one.Renew();
                break;
            case 15:
                Reclaim(server, clears: Roll(2) == 0);
                break;
            case 16 when Roll(3) == 0:
                server.PausedUntil = _clock.Now + TimeSpan.FromSeconds(Roll(40));
                break;
            case 17 when Roll(6) == 0:
                server.Crash();
                break;
            case 18:
                Central();
                break;
            case 19:
                Give();
                break;
            default:
                server.Hold();
                server.Take();
                break;
        }
    }

    private void Reclaim(Server by, bool clears)
    {
        if (by.IsCurrent)
            _totals.Reclaimed += _database.Run(session => Reclaimer.Mark(session, session.Now(_clock) - (long)Epochs.Silence.TotalMilliseconds, session.Now(_clock)));
        if (clears)
            _database.Run(session =>
            {
                Reclaimer.Clear(session);
                return true;
            });
    }

    private void Central()
    {
        if (Roll(6) == 0 && _hard is null)
        {
            _mayOwe = true;
            _database.Run(session =>
            {
                CommonMoney.TakeAway(session, _team, Roll(60) + 1, "simulated", _clock.GetUtcNow());
                return true;
            });
        }
        if (Roll(8) == 0)
            _clock.Now += TimeSpan.FromHours(Roll(30));
        _database.Run(session => CommonMoney.Sweep(session, _team, _clock.GetUtcNow()));
    }

    private void Give()
    {
        var now = _clock.GetUtcNow();
        DateTimeOffset? expires = Roll(2) == 0 ? now.AddHours(Roll(48) + 1) : null;
        _database.Run(session => session.Transact(() => LotBook.Add(session, new NewLot(NewId(), _team, LotKind.Grant, Roll(400) + 1, expires, now, "", Rule: null))));
    }

    private Guid NewId()
    {
        var id = new byte[16];
        for (var i = 0; i < id.Length; i++)
            id[i] = (byte)Roll(256);
        // Whatever the dice say, ids differ.
        BitConverter.TryWriteBytes(id, HashCode.Combine(_prefix, ++_next));
        return new Guid(id);
    }

    private void Observe()
    {
        foreach (var request in _requests.Values)
            if (request is { Settled: { IsCompletedSuccessfully: true } settled, Acknowledged: null })
                request.Acknowledged = settled.GetAwaiter().GetResult();
        foreach (var server in _servers)
            Must(AccountCheck.Problems(server.Account) is [], string.Join("; ", AccountCheck.Problems(server.Account)));
        _database.Run(session => session.Transact(() =>
        {
            var book = TeamBook.Take(session, _team, _postpaid);
            foreach (var lot in book.Lots)
                Must(book.Out(Resources.Lot(lot.Id)) <= lot.Left, $"of {lot.Left} ticks of a grant {book.Out(Resources.Lot(lot.Id))} are out");
            foreach (var slice in book.Slices.Where(slice => Resources.IsLot(slice.Resource) && slice.Out > 0))
                Must(book.Lots.Exists(lot => Resources.Lot(lot.Id) == slice.Resource), "something is out of a grant of which nothing is left");
            Must(_mayOwe || book.Row.Owed + book.Out(Resources.Allowance) <= _postpaid, $"the team owes {book.Row.Owed}, and may owe {book.Out(Resources.Allowance)} more, of {_postpaid}");
            Must(_mayOwe || book.Row.Balance >= -_postpaid, "the team has less than it may");
            // By the clock that is furthest: what one server may spend in a new month is none of the old one's.
            var latest = _clock.GetUtcNow() + MostSkew;
            if (_hard is { } hard)
                Must(book.FreeBound(Resources.Team, hard, latest) >= 0, "the team may spend more than its limit");
            if (_budget is { } budget)
                Must(book.FreeBound(Resources.Key(_key), budget, latest) >= 0, "the key may spend more than its budget");
            if (_gatewayHard is { } gateway)
                Must(book.FreeBound(Resources.Gateway("default"), gateway, latest) >= 0, "the gateway may spend more than its limit");
            return true;
        }));
    }

    /// <summary>Everything goes well from here on, until nothing is left to do.</summary>
    private void Quieten()
    {
        foreach (var server in _servers)
            server.PausedUntil = TimeSpan.Zero;
        for (var round = 0; round < 12; round++)
        {
            _clock.Now += TimeSpan.FromSeconds(2);
            foreach (var server in _servers)
            {
                server.Renew();
                server.Take(isGood: true);
                // Those who got something only now, too.
                foreach (var request in _requests.Values.Where(request => request.Settled is null))
                    request.Ledger.Release(request.Hold);
                while (server.Journal.Step())
                {
                }
                server.Fold(1000, isGood: true);
                server.GiveBack(isGood: true);
            }
            Observe();
        }
        // Nobody pauses any more, so nobody is taken for gone who is not.
        Reclaim(_servers[0], clears: true);
        _database.Run(session => CommonMoney.Sweep(session, _team, _clock.GetUtcNow()));
    }

    private void CheckAll()
    {
        var (book, report, statement) = _database.Run(session => session.Transact(() =>
            (TeamBook.Take(session, _team, _postpaid), BookCheck.Run(session), StatementReader.Read(session, _team, new StatementRange(null, null, 0, int.MaxValue), held: 0, ledger: true))));
        Must(report.Ok, string.Join("; ", report.Problems));
        Must(book.Slices.All(slice => slice.Out == 0), $"everything is quiet, and something is out: {string.Join("; ", book.Slices.Where(slice => slice.Out != 0))}");
        Must(statement.Postings!.Sum(posting => posting.AmountTicks) == 0, "the sum of the postings is not zero");
        Must(statement.ClosingTicks == book.Row.Balance, "the statement does not end with the balance");
        var charges = statement.Entries.Where(entry => entry.Kind == "charge").ToDictionary(charge => charge.RequestId!, charge => -charge.AmountTicks);
        _totals.Charges += charges.Count;
        foreach (var (id, request) in _requests)
        {
            if (request.Acknowledged is { } ticks)
            {
                Must(charges.TryGetValue(id, out var charged), $"request {id} was told a charge of {ticks}, and the books have none");
                Must(charged <= ticks, $"request {id} was told a charge of {ticks}, and was charged {charged}");
                _totals.Late += charged < ticks ? 1 : 0;
                Must(charged == ticks || _totals.Reclaimed > 0, $"request {id} was told a charge of {ticks}, the books have {charged}, and nobody was gone");
            }
            if (request.Settled is null)
                Must(!charges.ContainsKey(id), $"request {id} was released, and the books have a charge");
        }
        Must(charges.Keys.All(_requests.ContainsKey), "a charge of no request");
        // No server of this run is one of the next.
        _database.Run(session => session.Execute("UPDATE epochs SET ended = 1, reclaimed = 1 WHERE reclaimed IS NULL"));
    }

    /// <summary>One process at a time over one disk.</summary>
    private sealed class Server : ISlices
    {
        private readonly ReplicaSimulation _world;
        private readonly Guid _journalId;
        private readonly SkewedClock _time;
        private readonly List<Request> _open = [];
        private SimulatedDisk _disk = new();
        private Folder _folder = null!;
        private long _epoch;
        private TimeSpan _sent;

        public Server(ReplicaSimulation world, Guid journalId, TimeSpan skew)
        {
            (_world, _journalId, _time) = (world, journalId, new SkewedClock(world._clock, skew));
            Start();
        }

        public ChargeJournal Journal { get; private set; } = null!;

        public Ledger Ledger { get; private set; } = null!;

        public Account Account => Ledger.Accounts.Single();

        /// <summary>Until then it does nothing, and does not notice.</summary>
        public TimeSpan PausedUntil { get; set; }

        public bool IsCurrent => ((ISlices)this).IsCurrent(_epoch);

        bool ISlices.IsCurrent(long epoch) => epoch == _epoch && _world._clock.Now - _sent < Epochs.Life - Epochs.Margin;

        public ValueTask<bool> EnsureAsync() => ValueTask.FromResult(false);

        /// <summary>It waits until the dice say that somebody takes for it.</summary>
        public Task<HoldAnswer> AskAsync(AccountHold hold, long ticks, CancellationToken cancel)
        {
            var waiter = new SliceWaiter(hold, ticks, TaskCreationOptions.None);
            hold.Account.Shares!.Waiters.Add(waiter);
            return waiter.Answer;
        }

        public void Freed(Account account)
        {
        }

        public void Want(Account account)
        {
        }

        public void Hold()
        {
            var payer = new Payer(_world._team, _world._key, _world._budget, _world.Roll(3) == 0 ? "default" : null);
            var id = $"{_world._prefix}{++_world._next}";
            var answer = Ledger.HoldAsync(payer, id, _world.Roll(120), CancellationToken.None).AsTask();
            _pending.Add((id, payer, answer));
            Notice();
        }

        public void Grow()
        {
            if (Open() is { } request)
                _ = Ledger.TopUpAsync(request.Hold, _world.Roll(60), CancellationToken.None).AsTask();
        }

        public void Charge()
        {
            if (Open() is not { } request)
                return;
            _open.Remove(request);
            request.Settled = request.Ledger.SettleAsync(request.Hold, new Charge
            {
                RequestId = request.Hold.RequestId, Payer = request.Payer, Time = _time.GetUtcNow(), Model = "m", Upstream = "lab/m", Usage = new ChatUsage(_world.Roll(9), 0, 0, _world.Roll(9), 0),
                Source = UsageSource.Reported, Ending = Ending.Completed, Cost = _world.Roll(150),
            }).AsTask();
        }

        public void Release()
        {
            if (Open() is not { } request)
                return;
            _open.Remove(request);
            request.Ledger.Release(request.Hold);
        }

        /// <summary>What the slicing of a server does, with a network that loses things.</summary>
        public void Take(bool isGood = false)
        {
            var shares = Account.Shares!;
            shares.Serve(_time.GetUtcNow());
            if ((shares.Request(_time.GetUtcNow()) ?? shares.Inquiry) is var request && (isGood || _world.Roll(6) != 0))
            {
                var answer = _world._database.Run(session => SliceBook.Take(session, request, _world._postpaid, _time.GetUtcNow()));
                // The answer may never come, and what was given is found by a later one.
                if ((isGood || _world.Roll(5) != 0) && !answer.IsOver)
                    shares.Take(answer);
                shares.Serve(_time.GetUtcNow());
            }
            foreach (var waiter in shares.Waiters)
                waiter.Refuse(HoldRefusal.Credits, 0);
            shares.Waiters.Clear();
            Notice();
        }

        public void GiveBack(bool isGood = false)
        {
            var back = Account.Shares!.TakeOut(_time.GetUtcNow(), all: isGood || _world.Roll(2) == 0);
            if (!isGood && _world.Roll(4) == 0)
                return;
            for (var times = isGood ? 1 : _world.Roll(2) + 1; times > 0; times--)
                _world._database.Run(session =>
                {
                    SliceBook.GiveBack(session, _world._team, Account.Epoch, back);
                    return true;
                });
            if (isGood || _world.Roll(4) != 0)
                Account.Shares!.HasWritten(back);
        }

        /// <summary>The process may die between the commit and its answer.</summary>
        public void Fold(int most, bool isGood = false)
        {
            while (_folder.Next(most) is { Count: > 0 } records)
            {
                var mark = _world._database.Run(session => BookKeeper.Apply(session, _journalId, records, _world._postpaid));
                if (!isGood && _world.Roll(12) == 0)
                {
                    Crash();
                    return;
                }
                _folder.Done(mark);
                if (!isGood)
                    return;
            }
        }

        public void Renew()
        {
            var sent = _world._clock.Now;
            var renewed = _world._database.Run(session => session.Execute(
                "UPDATE epochs SET seen = $now WHERE epoch = $epoch AND ended IS NULL", ("$now", session.Now(_world._clock)), ("$epoch", _epoch)));
            _sent = sent;
            if (renewed == 0)
                Begin();
        }

        public void Crash()
        {
            _world.Observe();
            _world._totals.Crashes++;
            _disk = _world.Roll(2) == 0 ? _disk.Crash(_world._roll) : _disk.Kill();
            // It may lie there for longer than others wait.
            PausedUntil = _world._clock.Now + TimeSpan.FromSeconds(_world.Roll(40));
            if (_world.Roll(2) == 0)
            {
                _world._clock.Now = PausedUntil;
                _world._servers.FindAll(other => other != this).ForEach(other => other.Renew());
                _world.Reclaim(_world._servers.Find(other => other != this)!, clears: _world.Roll(2) == 0);
            }
            _open.Clear();
            _pending.Clear();
            Start();
        }

        private readonly List<(string Id, Payer Payer, Task<HoldAnswer> Answer)> _pending = [];

        private void Start()
        {
            var file = JournalFile.Open(_disk.Open, _journalId, flushes: true, areaBytes: 16 << 10, stepBytes: 4096);
            file.Begin(_world._database.Run(session => Bookkeeping.Replay(session, file, _world._postpaid)));
            _folder = new Folder(_time);
            _folder.Begin(file.Applied);
            Journal = new ChargeJournal(file, _folder, _time);
            Ledger = new Ledger(Journal, _folder, new SlicedLots(() => _epoch, static (_, _, _) => { }), _world._database, _time, new Nobody(), this);
            _sent = _world._clock.Now;
            Begin();
        }

        /// <summary>As <see cref="Epochs"/> does it.</summary>
        private void Begin() => _world._database.Run(session => session.Transact(() =>
        {
            var (now, journal) = (session.Now(_world._clock), _journalId.ToString("N"));
            _world._totals.Reclaimed += session.Execute("UPDATE epochs SET ended = COALESCE(ended, $now), reclaimed = $now WHERE journal = $journal AND reclaimed IS NULL", ("$now", now), ("$journal", journal));
            _epoch = session.Query("INSERT INTO epochs (instance, started, seen, journal) VALUES ('simulated', $now, $now, $journal) RETURNING epoch", row => row.GetInt64(0), ("$now", now), ("$journal", journal))[0];
            Ledger.Open(session, _world._team);
            return true;
        }));

        /// <summary>Who asked for money has an answer now.</summary>
        private void Notice()
        {
            foreach (var (id, payer, answer) in _pending.Where(one => one.Answer.IsCompletedSuccessfully))
                if (answer.GetAwaiter().GetResult().Hold is { } hold)
                {
                    var request = _world._requests[id] = new Request { Hold = hold, Server = this, Ledger = Ledger, Payer = payer };
                    _open.Add(request);
                }
            _pending.RemoveAll(one => one.Answer.IsCompleted);
        }

        private Request? Open()
        {
            _open.RemoveAll(request => ((AccountHold)request.Hold).State != HoldState.Open);
            return _open.Count == 0 ? null : _open[_world.Roll(_open.Count)];
        }
    }

    private sealed class SkewedClock(SimulatedClock clock, TimeSpan skew) : TimeProvider
    {
        public override long TimestampFrequency => clock.TimestampFrequency;

        public override long GetTimestamp() => clock.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow() + skew;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => clock.CreateTimer(callback, state, dueTime, period);
    }

    private sealed class Nobody : ILedgerEvents
    {
        public void Overrun(Charge charge, long ticks)
        {
        }

        public void SoftLimit(Guid team, long spent, long limit)
        {
        }
    }
}
