using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Credits.Slices;
using Milliways.Exchanges;
using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits.Slices;

/// <summary>What the books make of charges of several servers, on both databases.</summary>
public sealed class LateChargeTests
{
    private static readonly Guid Team = new("00000000-0000-0000-0000-000000000001");
    private static readonly Guid Key = new("00000000-0000-0000-0000-000000000002");
    private static readonly DateTimeOffset Now = new(2025, 1, 15, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid[] Lots = [new("00000000-0000-0000-0000-00000000000a"), new("00000000-0000-0000-0000-00000000000b")];

    private int _sequence;

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task A_charge_in_time_is_paid_from_its_slices_and_a_late_one_from_what_is_free_within_the_limits(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        await using var database = test.OpenLedger();
        Begin(database, hard: 90);
        var (first, second) = (Epoch(database), Epoch(database));
        Take(database, first, 60);
        Take(database, second, 30);

        Fold(database, first, "in time", 40);
        Assert.Equal((110, 50, 60), Numbers(database)); // of 150, and the limit is 90
        database.Run(session => session.Execute("UPDATE epochs SET reclaimed = 1 WHERE epoch = $epoch", ("$epoch", first)));
        Fold(database, first, "late", 60);

        // 40 are spent and 30 are out at the other one: the limit leaves 20.
        Assert.Equal((90, 30, 60), Numbers(database));
        Assert.Equal(["in time:40", "late:20", "overrun:40"], Charges(database));
        Assert.Empty(database.Run(BookCheck.Run).Problems);
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task A_journal_of_the_time_of_one_server_never_takes_what_servers_have(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        await using var database = test.OpenLedger();
        Begin(database, hard: null);
        Take(database, Epoch(database), 140);
        Fold(database, epoch: 0, "old", 30);
        Assert.Equal(["old:10", "overrun:20"], Charges(database));
        Assert.Empty(database.Run(BookCheck.Run).Problems);
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Of_all_servers_one_tells_that_the_soft_limit_was_passed(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        await using var database = test.OpenLedger();
        Begin(database, hard: null, soft: 50);
        var told = new List<Action<ILedgerEvents>>();
        foreach (var (epoch, passes) in new[] { (Epoch(database), 0), (Epoch(database), 1), (Epoch(database), 0) })
        {
            Take(database, epoch, 30);
            Fold(database, epoch, $"request {epoch}", 30, told);
            Assert.Equal(passes, told.Count);
        }
    }

    /// <summary>Two lots: 100 ticks, and 50 that end later.</summary>
    private static void Begin(LedgerDatabase database, long? hard, long? soft = null) => database.Transact(session =>
    {
        session.Execute("INSERT INTO spending_limits (team, gateway, soft, hard) VALUES ($team, '', $soft, $hard)", ("$team", Team.ToString("N")), ("$soft", soft), ("$hard", hard));
        return LotBook.Add(session, new NewLot(Lots[0], Team, LotKind.Grant, 100, Now.AddDays(1), Now, "", null)) & LotBook.Add(session, new NewLot(Lots[1], Team, LotKind.Grant, 50, Now.AddDays(2), Now, "", null));
    });

    private static long Epoch(LedgerDatabase database) => database.Run(session =>
        session.Query("INSERT INTO epochs (instance, started, seen) VALUES ('test', 1, 1) RETURNING epoch", row => row.GetInt64(0))[0]);

    private static void Take(LedgerDatabase database, long epoch, long ticks)
    {
        var answer = database.Run(session => SliceBook.Take(
            session, new SliceRequest(Team, epoch, [new SliceNeed(Resources.Credits, 0, [ticks]), new SliceNeed(Resources.Team, 0, [ticks])]), postpaid: 0, Now));
        Assert.Equal(ticks, answer.Grants.Where(grant => grant.Lot is not null).Sum(grant => grant.Given));
    }

    private void Fold(LedgerDatabase database, long epoch, string request, long ticks, List<Action<ILedgerEvents>>? told = null)
    {
        var payer = new Payer(Team, Key, null, null);
        var bounded = database.Run(session => MonthBook.Limits(session, Team))[0].Limit.Hard is null ? 0 : ticks;
        var charge = new Charge { RequestId = request, Payer = payer, Time = Now, Model = "m", Upstream = "lab/m", Source = UsageSource.Reported, Ending = Ending.Completed, Cost = ticks };
        var posting = new Posting { Kind = PostingKind.Charge, Team = Team, Time = Now, Draws = [new Draw(Lots[0], ticks)], Charge = charge, Epoch = epoch, Bounds = new BoundDraws(bounded, 0, 0) };
        database.Run(session => BookKeeper.Apply(session, Guid.Empty, [(++_sequence, posting)], told: told));
    }

    /// <summary>What remains of the lots, what is out of them, and what is free.</summary>
    private static (long Remains, long Out, long Free) Numbers(LedgerDatabase database) => database.Transact(session =>
    {
        var book = TeamBook.Take(session, Team, postpaid: 0);
        return (book.Lots.Sum(lot => lot.Left), book.OutCredits, book.FreeCredits(Now));
    });

    private static List<string> Charges(LedgerDatabase database) => database.Query(
        "SELECT CASE WHEN part = 0 THEN request_id ELSE 'overrun' END || ':' || amount FROM entries WHERE kind = 'charge' ORDER BY seq, part", row => row.GetString(0));
}
