using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Credits.Journal;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Storage;
using static Milliways.Simulation.Claim;

namespace Milliways.Simulation;

/// <summary>
/// One process with its ledger, journal and folder over a simulated disk and a real database, driven by one thread in an order that follows from the seed:
/// requests hold, top up, settle and leave; the journal and the folder take a step when the dice say so; writes tear, flushes fail, the disk is full, the database
/// is away; and at any step the power goes. In the end nothing is lost, nothing is doubled, and every sum is right.
/// </summary>
internal sealed class LedgerSimulation
{
    private readonly Random _dice;
    private readonly LedgerDatabase _database;
    private readonly SimulatedClock _clock = new();
    private readonly Guid _team;
    private readonly Guid _journalId;
    private readonly string _prefix;
    private readonly Dictionary<string, Request> _requests = [];
    private readonly long _postpaid;
    private readonly long _areaBytes;
    private SimulatedDisk _disk;
    private SimulationTotals _totals = new();
    private Process _process;
    private int _next;
    private int _faulty;
    private bool _mayOwe;

    private sealed class Request
    {
        public required Hold Hold { get; init; }

        public Task<long>? Settled { get; set; }

        /// <summary>Somebody was told that it is charged: then it is, whatever happens.</summary>
        public long? Acknowledged { get; set; }

        /// <summary>Told that it failed, and the process lived until the journal was good again.</summary>
        public bool IsGone { get; set; }

        public int Life { get; init; }
    }

    private sealed record Process(JournalFile File, ChargeJournal Journal, Folder Folder, WholeLots Source, Ledger Ledger, int Life);

    public LedgerSimulation(int seed, SimulatedDatabase database)
    {
        _dice = new Random(seed);
        _database = database.Next();
        Span<byte> id = stackalloc byte[16];
        _dice.NextBytes(id);
        _team = new Guid(id);
        _dice.NextBytes(id);
        _journalId = new Guid(id);
        _prefix = $"{seed}-";
        _postpaid = _dice.Next(3) == 0 ? 200 : 0;
        _areaBytes = Roll(2) == 0 ? 8 << 10 : 16 << 10;
        _disk = new SimulatedDisk { IsDirect = Roll(2) == 0 };
        _process = Start(life: 1);
    }

    public void Run(int steps, SimulationTotals totals)
    {
        _totals = totals;
        for (var step = 0; step < steps; step++)
        {
            Act();
            Observe();
        }
        Settle();
        CheckAll();
    }

    private int Roll(int below) => _dice.Next(below);

    private void Act()
    {
        switch (Roll(24))
        {
            case 0 or 1 or 2 or 3:
                Hold();
                break;
            case 4:
                if (Open() is { } growing)
                    _ = _process.Ledger.TopUpAsync(growing.Hold, Roll(60), CancellationToken.None).AsTask();
                break;
            case 5 or 6 or 7 or 8:
                if (Open() is { } answered)
                    Charge(answered);
                break;
            case 9:
                if (Open() is { } left)
                    _process.Ledger.Release(left.Hold);
                break;
            case 10 or 11 or 12 or 13 or 14:
                Write();
                break;
            case 15 or 16 or 17:
                Fold(Roll(3) == 0 ? 1000 : Roll(5) + 1);
                break;
            case 18:
                Give();
                break;
            case 19 or 20:
                _clock.Now += TimeSpan.FromMilliseconds(Roll(4) == 0 ? 3_600_000 * (double)Roll(30) : Roll(3000));
                _process.Ledger.Sweep();
                break;
            case 21:
                if (Roll(3) == 0)
                    TakeAway();
                break;
            case 22:
                _faulty = Roll(4) == 0 ? Roll(4) + 1 : 0;
                break;
            default:
                if (Roll(3) == 0)
                    Crash();
                break;
        }
    }

    private Process Start(int life)
    {
        _disk.Faults = null;
        var file = JournalFile.Open(_disk.Open, _journalId, flushes: true, _areaBytes, stepBytes: 4096);
        file.Begin(_database.Run(session => Bookkeeping.Replay(session, file)));
        _disk.Faults = Faults;
        var folder = new Folder(_clock);
        folder.Begin(file.Applied);
        var journal = new ChargeJournal(file, folder, _clock) { Tell = waiters => waiters.ToList().ForEach(waiter => waiter.Tell()) };
        var source = new WholeLots(() => _postpaid, static (_, _, _) => { });
        var ledger = new Ledger(journal, folder, source, _database, _clock, new Nobody());
        _database.Run(session =>
        {
            ledger.Open(session, _team);
            return true;
        });
        return new Process(file, journal, folder, source, ledger, life);
    }

    private (Exception, int)? Faults(string operation, int size)
    {
        if (_faulty == 0 || operation == "open" && Roll(2) == 0)
            return null;
        _faulty--;
        _totals.Faults++;
        return (new IOException($"simulated {operation}"), Roll(size + 1));
    }

    private void Hold()
    {
        var answer = _process.Ledger.HoldAsync(Payer(), $"{_prefix}{++_next}", Roll(120), CancellationToken.None).AsTask();
        Must(answer.IsCompletedSuccessfully, "a hold of an open account waited");
        if (answer.GetAwaiter().GetResult().Hold is { } hold)
            _requests[hold.RequestId] = new Request { Hold = hold, Life = _process.Life };
    }

    private void Charge(Request request)
    {
        var charge = new Charge
        {
            RequestId = request.Hold.RequestId, Payer = Payer(), Time = _clock.GetUtcNow(), Model = "m", Upstream = "lab/m", Usage = new ChatUsage(Roll(9), 0, 0, Roll(9), 0),
            Source = UsageSource.Reported, Ending = Ending.Completed, Cost = Roll(150), Discarded = Roll(6) == 0 ? [new DiscardedCost("other/m", new ChatUsage(1, 0, 0, 1, 0), Roll(20))] : [],
        };
        request.Settled = _process.Ledger.SettleAsync(request.Hold, charge).AsTask();
        if (Roll(4) == 0)
            Must(_process.Ledger.SettleAsync(request.Hold, charge).AsTask() == request.Settled, "a second settlement is another one");
        if (Roll(4) == 0)
            _process.Ledger.Release(request.Hold);
    }

    private Payer Payer() => new(_team, _journalId, KeyBudget: null, Roll(3) == 0 ? "default" : null);

    private void Write()
    {
        var was = _process.Journal.Trouble is not null;
        _process.Journal.Step();
        if (!was || _process.Journal.Trouble is not null)
            return;
        _totals.Recoveries++;
        Observe();
        foreach (var request in _requests.Values.Where(request => request.Settled is { IsFaulted: true } && request.Life == _process.Life))
            request.IsGone = true;
    }

    /// <summary>The database may be away, and the process may die between the commit and its answer.</summary>
    private void Fold(int most)
    {
        if (Roll(5) == 0)
            return;
        var fold = _process.Folder.FoldAsync(most, Commit).AsTask();
        Must(fold.IsCompleted, "a fold waited");
        if (fold.IsFaulted)
        {
            Must(fold.Exception!.InnerException is PowerCutException, fold.Exception.InnerException!.Message);
            Crash();
        }
    }

    /// <summary>What the folder gives to the database, while the journal's thread goes on with what requests settle meanwhile.</summary>
    private Task<long> Commit(IReadOnlyList<(long Sequence, Posting Posting)> records)
    {
        Must(_process.Folder.Applied < records[0].Sequence, "the folder takes records for done that are not in the books");
        var isBusy = Roll(6) == 0;
        if (isBusy)
            for (var meanwhile = Roll(40); meanwhile > 0; meanwhile--)
            {
                if (meanwhile % 4 == 0)
                    Give();
                Hold();
                if (Open() is { } answered)
                    Charge(answered);
                Write();
            }
        if (Roll(isBusy ? 3 : 12) == 0)
            return Task.FromException<long>(new PowerCutException()); // before the commit
        var mark = _database.Run(session => BookKeeper.Apply(session, _process.Journal.Id, records));
        if (Roll(8) == 0)
            Must(_database.Run(session => BookKeeper.Apply(session, _process.Journal.Id, records)) == mark, "applying a batch again moved the mark");
        return Roll(20) == 0 ? Task.FromException<long>(new PowerCutException()) : Task.FromResult(mark); // ... or after it
    }

    private void Give()
    {
        var now = _clock.GetUtcNow();
        DateTimeOffset? expires = Roll(2) == 0 ? now.AddHours(Roll(48) + 1) : null;
        _database.Run(session => session.Transact(() => LotBook.Add(session, new NewLot(NewId(), _team, LotKind.Grant, Roll(400) + 1, expires, now, "", Rule: null))));
        _database.Run(session =>
        {
            foreach (var account in _process.Ledger.Accounts)
                _process.Source.Refresh(session, account);
            return true;
        });
        _process.Ledger.Sweep();
    }

    private void TakeAway()
    {
        _mayOwe = true;
        _ = _process.Ledger.TakeAwayAsync(_team, Roll(100) + 1, "simulated");
    }

    private void Crash()
    {
        Observe();
        _totals.Crashes++;
        _disk = Roll(2) == 0 ? _disk.Crash(Roll) : _disk.Kill();
        _faulty = 0;
        _process = Start(_process.Life + 1);
    }

    private Guid NewId()
    {
        var id = new byte[16];
        _dice.NextBytes(id);
        return new Guid(id);
    }

    private Request? Open()
    {
        var open = _requests.Values.Where(request => request.Life == _process.Life && request.Settled is null && _process.Ledger.Accounts.First().Holds.Contains(request.Hold)).ToList();
        return open.Count == 0 ? null : open[Roll(open.Count)];
    }

    private void Observe()
    {
        foreach (var request in _requests.Values)
            if (request is { Settled: { IsCompletedSuccessfully: true } settled, Acknowledged: null })
                request.Acknowledged = settled.GetAwaiter().GetResult();
        var account = _process.Ledger.Accounts.First();
        Must(_mayOwe || _postpaid > 0 || account is { Balance: >= 0, Owed: 0 }, "the team owes and may not");
        Must(_mayOwe || account.Owed <= _postpaid, "the team owes more than it may");
        Must(account.Available(_clock.GetUtcNow()) >= 0, "less than nothing is available");
        Must(AccountCheck.Problems(account) is [], string.Join("; ", AccountCheck.Problems(account)));
    }

    /// <summary>Everything goes well from here on, until nothing is left to do.</summary>
    private void Settle()
    {
        _faulty = 0;
        foreach (var request in _requests.Values.Where(request => request.Life == _process.Life && request.Settled is null))
            _process.Ledger.Release(request.Hold);
        for (var round = 0; round < 50; round++)
        {
            _clock.Now += TimeSpan.FromSeconds(2);
            Write();
            while (_process.Journal.Step())
            {
            }
            while (_process.Folder.Next(1000) is { Count: > 0 } records)
                _process.Folder.Done(_database.Run(session => BookKeeper.Apply(session, _process.Journal.Id, records)));
            _process.Ledger.Sweep();
            Observe();
        }
    }

    private void CheckAll()
    {
        var account = _process.Ledger.Accounts.First();
        Must(_process.Journal.Trouble is null, "the journal did not recover");
        Must(account.Holds.Count == 0 && account.Lots.All(lot => lot.Held == 0), "a hold is left");
        var report = _database.Run(BookCheck.Run);
        Must(report.Ok, string.Join("; ", report.Problems));
        var statement = _database.Run(session => StatementReader.Read(session, _team, new StatementRange(null, null, 0, int.MaxValue), held: 0, ledger: true));
        Must(statement.ClosingTicks == account.Balance, $"memory says {account.Balance}, the books say {statement.ClosingTicks}");
        Must(statement.OpeningTicks + statement.Entries.Sum(entry => entry.AmountTicks) == statement.ClosingTicks, "opening + entries is not closing");
        Must(statement.Postings!.Sum(posting => posting.AmountTicks) == 0, "the sum of the postings is not zero");
        var charges = statement.Entries.Where(entry => entry.Kind == "charge").ToDictionary(charge => charge.RequestId!);
        _totals.Charges += charges.Count;
        foreach (var (id, request) in _requests)
        {
            if (request.Acknowledged is { } ticks && (request.Settled is not null))
                Must(charges.TryGetValue(id, out var charge) && charge.AmountTicks == -ticks, $"request {id} was told a charge of {ticks}, the books have {charges.GetValueOrDefault(id)?.AmountTicks}");
            if (request.IsGone || request.Settled is null)
                Must(!charges.ContainsKey(id), $"request {id} was told that nothing was charged, and the books have a charge");
        }
        Must(charges.Keys.All(_requests.ContainsKey), "a charge of no request");
    }

    private sealed class PowerCutException : Exception;

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
