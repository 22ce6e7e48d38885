using Milliways.Credits;
using Milliways.Credits.Books;
using Milliways.Credits.Journal;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

public sealed class LedgerTests
{
    [Fact]
    public async Task A_charge_completes_when_it_is_flushed_and_not_before()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        var trace = new List<string>();
        var settled = bench.Settle(await bench.HoldAsync(100), 60);
        bench.Disk.Done = operation => trace.Add(settled.IsCompleted ? "completed" : operation);
        Assert.False(settled.IsCompleted);
        Assert.Equal(1000, bench.Account.Balance);
        bench.Write();
        Assert.Equal(["write", "flush"], trace);
        Assert.True(settled.IsCompletedSuccessfully);
        Assert.Equal(60, await settled);
        Assert.Equal((940, 0), (bench.Account.Balance, bench.Account.Held));
        bench.Fold();
        bench.CheckBooks();
    }

    [Fact]
    public async Task No_team_pays_more_than_it_held_and_the_rest_is_told_and_the_operators()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(100);
        var settled = bench.Settle(await bench.HoldAsync(100), 130, new DiscardedCost("other/x", new ChatUsage(1, 0, 0, 2, 0), 7));
        bench.Write();
        bench.Fold();
        Assert.Equal(100, await settled);
        Assert.Equal(["overrun request-1 30"], bench.Told);
        var statement = bench.Statement(ledger: true);
        var charge = statement.Entries[^1];
        Assert.Equal(("charge", -100, 0, "request-1"), (charge.Kind, charge.AmountTicks, charge.BalanceTicks, charge.RequestId));
        Assert.Equal((14, 4, 20, 5), (charge.InputTokens, charge.CachedTokens, charge.OutputTokens, charge.ReasoningTokens));
        Assert.Equal(("grok-beta", "lab/alpha", "reported", "completed", "a=b"), (charge.Model, charge.Upstream, charge.UsageSource, charge.Ending, charge.Tags));
        Assert.Equal(0, statement.Postings!.Sum(posting => posting.AmountTicks));
        Assert.Contains(statement.Postings!, posting => posting is { Account: "operator:overrun", AmountTicks: -30, RequestId: "request-1" });
        Assert.Contains(statement.Postings!, posting => posting is { Account: "operator:discarded", AmountTicks: -7, RequestId: "request-1" });
        Assert.Contains(statement.Postings!, posting => posting is { Account: "operator:revenue", AmountTicks: 100 });
        bench.CheckBooks();
    }

    [Fact]
    public async Task A_hold_is_settled_or_released_once_whatever_comes_later()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        var hold = await bench.HoldAsync(100);
        var first = bench.Settle(hold, 60);
        bench.Ledger.Release(hold);
        Assert.Same(first, bench.Settle(hold, 99));
        Assert.Equal(HoldRefusal.Credits, await bench.Ledger.TopUpAsync(hold, 1, CancellationToken.None));
        bench.Write();
        bench.Ledger.Release(hold);
        Assert.Equal(60, await bench.Settle(hold, 99));
        var given = await bench.HoldAsync(100);
        bench.Ledger.Release(given);
        bench.Ledger.Release(given);
        Assert.Equal(0, await bench.Settle(given, 50).Soon());
        bench.Write();
        bench.Fold();
        Assert.Equal((940, 940, 0), (bench.Account.Balance, bench.Account.Available(bench.Clock.GetUtcNow()), bench.Account.Held));
        Assert.Single(bench.Statement().Entries, entry => entry.Kind == "charge");
        bench.CheckBooks();
    }

    [Fact]
    public async Task A_free_answer_is_an_entry_of_nothing()
    {
        using var bench = new LedgerBench();
        var settled = bench.Settle(await bench.HoldAsync(0), 0);
        bench.Write();
        bench.Fold();
        Assert.Equal(0, await settled);
        Assert.Equal(("charge", 0), bench.Statement().Entries.Select(entry => (entry.Kind, entry.AmountTicks)).Single());
        bench.CheckBooks();
    }

    [Fact]
    public async Task A_full_disk_refuses_charges_and_holds_and_is_over_when_there_is_space()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        var (held, failing) = (await bench.HoldAsync(10), await bench.HoldAsync(100));
        bench.Disk.Faults = (operation, size) => operation == "flush" ? null : (new IOException("No space left on device"), size / 2);
        var settled = bench.Settle(failing, 60);
        bench.Write();
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => settled);
        Assert.Equal(HoldRefusal.Unavailable, await bench.RefusedAsync(1));
        Assert.Equal(HoldRefusal.Unavailable, await bench.Ledger.TopUpAsync(held, 1, CancellationToken.None));
        Assert.Equal(110, bench.Account.Held); // nobody knows yet whether the charge is in the file
        bench.Clock.Now += TimeSpan.FromSeconds(2);
        bench.Write();
        Assert.NotNull(bench.Ledger.Unavailable);
        bench.Disk.Faults = null;
        bench.Write();
        Assert.NotNull(bench.Ledger.Unavailable); // it tries once a second
        bench.Clock.Now += TimeSpan.FromSeconds(2);
        bench.Write();
        Assert.Null(bench.Ledger.Unavailable);
        Assert.Equal((10, 1000), (bench.Account.Held, bench.Account.Balance));
        var charged = bench.Settle(held, 5);
        bench.Write();
        Assert.Equal(5, await charged);
        bench.Start(bench.Disk.Kill());
        Assert.Equal(995, bench.Account.Balance);
        Assert.DoesNotContain(bench.Statement().Entries, entry => entry.RequestId == failing.RequestId);
        bench.CheckBooks();
    }

    [Fact]
    public async Task After_a_failed_flush_nothing_goes_on_until_the_books_have_what_was_flushed_before()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        var good = bench.Settle(await bench.HoldAsync(100), 60);
        bench.Write();
        Assert.True(good.IsCompletedSuccessfully);
        var bad = bench.Settle(await bench.HoldAsync(100), 70);
        bench.Disk.Faults = (operation, _) => operation == "flush" ? (new IOException("Input/output error"), 0) : null;
        bench.Write();
        Assert.True(bad.IsFaulted);
        bench.Disk.Faults = null;
        bench.Clock.Now += TimeSpan.FromSeconds(2);
        bench.Write();
        Assert.NotNull(bench.Ledger.Unavailable);
        bench.Fold();
        bench.Write();
        Assert.Null(bench.Ledger.Unavailable);
        bench.Start(bench.Disk.Crash(_ => 0));
        Assert.Equal(940, bench.Account.Balance);
        bench.CheckBooks();
    }

    [Fact]
    public async Task A_database_that_is_away_for_longer_than_a_minute_stops_holds_and_nothing_else()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        var (hold, later) = (await bench.HoldAsync(100), await bench.HoldAsync(100));
        var settled = bench.Settle(hold, 60);
        bench.Write();
        Assert.Equal(60, await settled);
        bench.Clock.Now += TimeSpan.FromSeconds(59);
        Assert.Null(await bench.RefusedAsync(1));
        bench.Clock.Now += TimeSpan.FromSeconds(2);
        Assert.Equal(HoldRefusal.Unavailable, await bench.RefusedAsync(1));
        var last = bench.Settle(later, 50);
        bench.Write();
        Assert.Equal(50, await last);
        bench.Fold();
        Assert.Null(await bench.RefusedAsync(1));
        bench.CheckBooks();
    }

    [Fact]
    public async Task A_restart_makes_the_same_again_from_database_and_journal()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        for (var i = 0; i < 5; i++)
        {
            var settled = bench.Settle(await bench.HoldAsync(100), 10 + i);
            bench.Write();
            await settled;
            if (i == 2)
                bench.Fold();
        }
        var before = bench.Account.Balance;
        await bench.HoldAsync(500); // nobody's any more after the restart
        bench.Start(bench.Disk.Crash(_ => 1));
        Assert.Equal((before, 0), (bench.Account.Balance, bench.Account.Held));
        Assert.Equal(6, bench.Statement().Entries.Count);
        bench.CheckBooks();
    }

    [Fact]
    public async Task Charges_that_are_written_together_are_each_in_the_journal_as_it_was_decided()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        foreach (var cost in (long[])[60, 7, 33])
            bench.Settle(await bench.HoldAsync(100), cost).Ignore();
        bench.Write();
        bench.Start(bench.Disk.Kill()); // nothing of it was in the books
        Assert.Equal([-60, -7, -33], bench.Statement(after: 1).Entries.Select(entry => entry.AmountTicks));
        Assert.Equal(3, bench.Statement(after: 1).Entries.Select(entry => entry.RequestId).Distinct().Count());
        bench.CheckBooks();
    }

    [Fact]
    public async Task A_batch_that_is_applied_twice_counts_once()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        bench.Settle(await bench.HoldAsync(100), 60).Ignore();
        bench.Settle(await bench.HoldAsync(100), 70).Ignore();
        bench.Write();
        var records = bench.Folder.Next(10);
        Assert.Equal(2, bench.Database.Run(session => BookKeeper.Apply(session, bench.Journal.Id, records)));
        Assert.Equal(2, bench.Database.Run(session => BookKeeper.Apply(session, bench.Journal.Id, records)));
        // Even when the mark is lost, as with a restored journal under another id.
        bench.Database.Run(session => BookKeeper.Apply(session, Guid.Empty, records));
        bench.Folder.Done(2);
        Assert.Equal(870, bench.Statement().ClosingTicks);
        bench.CheckBooks();
    }

    [Fact]
    public async Task Statements_page_and_opening_plus_entries_is_closing_for_any_range()
    {
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        for (var i = 0; i < 6; i++)
        {
            bench.Clock.Now += TimeSpan.FromMinutes(10);
            bench.Settle(await bench.HoldAsync(100), 10).Ignore();
            bench.Write();
            bench.Fold();
        }
        var start = bench.Clock.GetUtcNow() - TimeSpan.FromMinutes(35);
        foreach (var statement in (Statement[])[bench.Statement(from: start), bench.Statement(to: start), bench.Statement(after: 2, most: 2), bench.Statement(from: start.AddYears(1))])
            Assert.Equal(statement.ClosingTicks, statement.OpeningTicks + statement.Entries.Sum(entry => entry.AmountTicks));
        Assert.Equal([3, 4], bench.Statement(after: 2, most: 2).Entries.Select(entry => entry.Seq));
        Assert.Equal((980, 940), (bench.Statement(from: start).OpeningTicks, bench.Statement(from: start).ClosingTicks));
        Assert.Equal(940, bench.Statement(from: start.AddYears(1)).ClosingTicks);
    }

    [Fact]
    public async Task Budgets_count_what_was_spent_before_a_restart()
    {
        using var bench = new LedgerBench { Payer = new Payer(LedgerBench.Team, LedgerBench.Key, KeyBudget: 100, "front") };
        await bench.GiveAsync(1000);
        bench.Settle(await bench.HoldAsync(80), 80).Ignore();
        bench.Write();
        bench.Start(bench.Disk.Kill());
        Assert.Equal(HoldRefusal.KeyBudget, await bench.RefusedAsync(21));
        Assert.Null(await bench.RefusedAsync(20));
        bench.Clock.Now += TimeSpan.FromDays(31);
        Assert.Null(await bench.RefusedAsync(100));
    }

    [Fact]
    public async Task A_check_finds_every_number_that_does_not_follow_from_the_entries()
    {
        string[] wrongs =
        [
            "UPDATE balances SET balance = balance + 1", "UPDATE lots SET remains = remains - 1", "UPDATE entries SET amount = amount + 1 WHERE kind = 'charge'", "UPDATE entries SET balance = balance + 1 WHERE seq = 2",
            "DELETE FROM entries WHERE seq = 1", "UPDATE usage_hours SET charged = charged + 1", "UPDATE usage_hours SET answers = 0", "DELETE FROM usage_hours", "UPDATE entries SET to_account = 'operator:cash' WHERE seq = 1",
            "UPDATE balances SET seq = 7", "UPDATE entries SET time = 0 WHERE seq = 2", "DELETE FROM entries WHERE part = 1", "DELETE FROM balances",
        ];
        using var bench = new LedgerBench();
        await bench.GiveAsync(1000);
        bench.Settle(await bench.HoldAsync(10), 20).Ignore();
        bench.Write();
        bench.Fold();
        bench.CheckBooks();
        foreach (var wrong in wrongs)
            Assert.ThrowsAny<OperationCanceledException>(() => bench.Database.Run(session => session.Transact<bool>(() =>
            {
                session.Execute(wrong);
                Assert.False(BookCheck.Run(session).Ok, wrong);
                throw new OperationCanceledException();
            })));
    }

    [Fact]
    public void Records_come_out_of_the_journal_as_they_went_in()
    {
        var charge = new Charge
        {
            RequestId = "生", Payer = new Payer(LedgerBench.Team, LedgerBench.Key, null, "front"), Time = DateTimeOffset.UnixEpoch.AddMilliseconds(1234567890123), Model = "m", Upstream = "u/m",
            Usage = new ChatUsage(1, 2, 3, long.MaxValue, 4), Images = 5, Source = UsageSource.Estimated, Ending = Ending.ClientGone, Cost = long.MaxValue, Tags = null,
            Discarded = [new DiscardedCost("o/m", new ChatUsage(1, 1, 1, 1, 1), 9)],
        };
        var posting = new Posting
        {
            Kind = PostingKind.Charge, Team = LedgerBench.Team, Time = charge.Time, Draws = [new Draw(Guid.Empty, -3), new Draw(LedgerBench.Key, 7)], Charge = charge, Overrun = 6, Reason = "r",
        };
        var read = PostingCodec.Decode(PostingCodec.Encode(posting));
        Assert.Equal(charge.Discarded, read.Charge!.Discarded);
        Assert.Equal(charge with { Discarded = [] }, read.Charge with { Discarded = [] });
        Assert.Equal(posting.Draws, read.Draws);
        Assert.Equal(posting with { Draws = [], Charge = null }, read with { Draws = [], Charge = null });
    }
}

internal static class Ignored
{
    /// <summary>What comes of it is seen elsewhere.</summary>
    public static void Ignore(this Task task) => _ = task;
}
