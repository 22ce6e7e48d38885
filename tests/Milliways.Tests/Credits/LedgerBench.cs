using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Credits.Journal;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Simulation;
using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>A ledger whose disk, database and clock a test holds in its hands; journal and folder take a step when the test says so.</summary>
internal sealed class LedgerBench : IDisposable, ILedgerEvents
{
    public static readonly Guid Team = new("00000000-0000-0000-0000-000000000001");
    public static readonly Guid Key = new("00000000-0000-0000-0000-000000000002");
    private readonly TempDirectory _directory = new();
    private int _next;

    public LedgerBench()
    {
        Database = LedgerDatabase.Open(_directory["ledger.db"]);
        Database.Execute("INSERT INTO teams (id, name, created) VALUES ($id, 'team', 0)", ("$id", Team.ToString("N")));
        Start(new SimulatedDisk());
    }

    public SimulatedClock Clock { get; } = new();

    public LedgerDatabase Database { get; }

    public SimulatedDisk Disk { get; private set; } = null!;

    public ChargeJournal Journal { get; private set; } = null!;

    public Folder Folder { get; private set; } = null!;

    public Ledger Ledger { get; private set; } = null!;

    public Account Account => Ledger.Accounts.Single();

    /// <summary>What the operator was told.</summary>
    public List<string> Told { get; } = [];

    public Payer Payer { get; set; } = new(Team, Key, null, null);

    /// <summary>A process begins on what a disk has.</summary>
    public void Start(SimulatedDisk disk)
    {
        Disk = disk;
        var file = JournalFile.Open(disk.Open, Guid.CreateVersion7(Clock.GetUtcNow()));
        file.Begin(Database.Run(session => Bookkeeping.Replay(session, file)));
        Folder = new Folder(Clock);
        Folder.Begin(file.Applied);
        Journal = new ChargeJournal(file, Folder, Clock) { Tell = waiters => waiters.ToList().ForEach(waiter => waiter.Tell()) };
        Ledger = new Ledger(Journal, Folder, new WholeLots(() => 0, static (_, _, _) => { }), Database, Clock, this);
        Database.Run(session =>
        {
            Ledger.Open(session, Team);
            return true;
        });
    }

    public async Task GiveAsync(long ticks, DateTimeOffset? expires = null)
    {
        Database.Run(session => session.Transact(() => LotBook.Add(session, new NewLot(
            Guid.CreateVersion7(Clock.GetUtcNow()), Team, LotKind.Grant, ticks, expires, Clock.GetUtcNow(), "test", null))));
        await Ledger.RefreshAsync(Team);
    }

    public async Task<Hold> HoldAsync(long ticks)
    {
        var answer = await Ledger.HoldAsync(Payer, $"request-{++_next}", ticks, CancellationToken.None);
        Assert.Null(answer.Refusal);
        return answer.Hold!;
    }

    public async Task<HoldRefusal?> RefusedAsync(long ticks)
    {
        var answer = await Ledger.HoldAsync(Payer, "refused", ticks, CancellationToken.None);
        if (answer.Hold is { } hold)
            Ledger.Release(hold);
        return answer.Refusal;
    }

    public Task<long> Settle(Hold hold, long cost, params DiscardedCost[] discarded) => Ledger.SettleAsync(hold, ChargeOf(hold, cost) with { Discarded = discarded }).AsTask();

    public Charge ChargeOf(Hold hold, long cost) => new()
    {
        RequestId = hold.RequestId, Payer = Payer, Time = Clock.GetUtcNow(), Model = "grok-beta", Upstream = "lab/alpha", Usage = new ChatUsage(10, 4, 0, 20, 5),
        Source = UsageSource.Reported, Ending = Ending.Completed, Cost = cost, Tags = "a=b",
    };

    public void Write()
    {
        while (Journal.Step())
        {
        }
    }

    public void Fold()
    {
        while (Folder.Next(100) is { Count: > 0 } records)
            Folder.Done(Database.Run(session => BookKeeper.Apply(session, Journal.Id, records)));
    }

    public Milliways.Credits.Statement Statement(bool ledger = false, DateTimeOffset? from = null, DateTimeOffset? to = null, long after = 0, int most = 1000) =>
        Database.Run(session => StatementReader.Read(session, Team, new StatementRange(from, to, after, most), 0, ledger));

    public void CheckBooks()
    {
        Assert.Equal([], Database.Run(BookCheck.Run).Problems);
        Assert.Equal([], AccountCheck.Problems(Account));
        Assert.Equal(Account.Balance, Statement().ClosingTicks);
    }

    public void Overrun(Charge charge, long ticks) => Told.Add($"overrun {charge.RequestId} {ticks}");

    public void SoftLimit(Guid team, long spent, long limit) => Told.Add($"soft {spent} {limit}");

    public void Dispose()
    {
        Database.Dispose();
        _directory.Dispose();
    }
}
