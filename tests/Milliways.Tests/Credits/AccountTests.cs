using Milliways.Credits;
using Milliways.Credits.Accounts;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

public sealed class AccountTests
{
    private static readonly DateTimeOffset Start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid Team = new("00000000-0000-0000-0000-000000000001");
    private static readonly Guid Key = new("00000000-0000-0000-0000-000000000002");

    [Fact]
    public void Any_order_of_hold_top_up_charge_release_expiry_and_grant_keeps_the_invariants() => Dice.Check(dice =>
    {
        var allowance = dice.One(0L, 0L, 50L);
        var (account, now) = (new Account(Team, allowance), Start);
        var (holds, deciding) = (new List<AccountHold>(), new List<(AccountHold Hold, Posting Posting)>());
        long granted = 0, charged = 0, expired = 0, taken = 0;
        for (var step = dice.Upto(60); step > 0; step--)
        {
            switch (dice.Upto(9))
            {
                case 0:
                    var lot = new Lot(Guid.CreateVersion7(now), LotKind.Grant, 100, 100, dice.Flip() ? now.AddHours(dice.Upto(20) + 1) : null);
                    Assert.True(account.Add(lot));
                    Assert.False(account.Add(lot));
                    granted += 100;
                    break;
                case 1 or 2:
                    var hold = account.Open("r", new Payer(Team, Key, null, null), now);
                    var (wanted, available) = ((long)dice.Upto(150), account.Available(now));
                    var refusal = account.TryHold(hold, wanted, now);
                    Assert.Equal(wanted <= available ? null : HoldRefusal.Credits, refusal);
                    Assert.Equal(refusal is null ? available - wanted : available, account.Available(now));
                    holds.Add(hold);
                    break;
                case 3 when holds.Count > 0:
                    account.TryHold(holds[dice.Upto(holds.Count)], dice.Upto(60), now);
                    break;
                case 4 or 5 when holds.Count > 0:
                    var settled = Pop(holds, dice);
                    var cost = (long)dice.Upto(200);
                    var posting = account.Settle(settled, ChargeOf(cost, now));
                    Assert.Equal(Math.Min(cost, settled.Ticks), posting.Ticks);
                    Assert.Equal(cost - posting.Ticks, posting.Overrun);
                    deciding.Add((settled, posting));
                    break;
                case 6 when holds.Count > 0:
                    account.Release(Pop(holds, dice));
                    break;
                case 7:
                    now = now.AddHours(dice.Upto(8));
                    deciding.AddRange(account.Sweep(now));
                    break;
                default:
                    if (dice.Upto(4) == 0)
                        deciding.Add(account.TakeAway(dice.Upto(80) + 1, "because", now));
                    break;
            }
            while (deciding.Count > 0 && dice.Upto(3) > 0)
            {
                var (hold, posting) = Pop(deciding, dice);
                if (dice.Upto(5) == 0)
                {
                    account.Release(hold);
                    continue;
                }
                account.Apply(hold, posting, now);
                (charged, expired, taken) = posting.Kind switch
                {
                    PostingKind.Charge => (charged + posting.Ticks, expired, taken),
                    PostingKind.Expiry => (charged, expired + posting.Ticks, taken),
                    PostingKind.Adjustment => (charged, expired, taken + posting.Ticks),
                    _ => (charged, expired, taken),
                };
            }
            Assert.Empty(AccountCheck.Problems(account));
            Assert.Equal(granted - charged - expired - taken, account.Balance);
            Assert.Equal(holds.Sum(hold => hold.Ticks) + deciding.Where(one => one.Hold.Payer is not null).Sum(one => one.Hold.Ticks), account.Held);
            Assert.True(account.Owed >= 0 && account.Owed <= allowance + taken);
            Assert.True(taken > 0 || account.Balance >= -allowance);
        }
        foreach (var hold in holds.Concat(deciding.Select(one => one.Hold)))
            account.Release(hold);
        Assert.Equal(0, account.Held);
        Assert.All(account.Lots, lot => Assert.Equal(0, lot.Held));
    }, tests: 2000);

    [Fact]
    public void What_ends_first_is_spent_first_and_what_never_ends_last()
    {
        var account = new Account(Team, 0);
        var never = Add(account, 100, null);
        var late = Add(account, 100, Start.AddDays(20));
        var soon = Add(account, 100, Start.AddDays(10));
        var hold = Held(account, 250, Start);
        Assert.Equal((100, 100, 50), (soon.Held, late.Held, never.Held));
        var posting = account.Settle(hold, ChargeOf(120, Start));
        Assert.Equal([new Draw(soon.Id, 100), new Draw(late.Id, 20)], posting.Draws);
        account.Apply(hold, posting, Start);
        Assert.Equal((80, 100, 180), (late.Left, never.Left, account.Balance));
    }

    [Fact]
    public void A_top_up_from_an_earlier_lot_is_spent_before_what_was_held_first()
    {
        var account = new Account(Team, 0);
        var soon = Add(account, 100, Start.AddDays(1));
        var never = Add(account, 100, null);
        var other = Held(account, 100, Start);
        var hold = Held(account, 50, Start);
        account.Release(other);
        Assert.Null(account.TryHold(hold, 50, Start));
        Assert.Equal([new Draw(soon.Id, 50), new Draw(never.Id, 10)], account.Settle(hold, ChargeOf(60, Start)).Draws);
    }

    [Fact]
    public void A_grant_that_ends_gives_back_what_is_free_and_the_rest_when_its_hold_is_gone()
    {
        var account = new Account(Team, 0);
        Add(account, 100, Start.AddDays(1));
        var hold = Held(account, 30, Start);
        var over = Start.AddDays(1);
        Assert.Equal(0, account.Available(over));
        var (first, posting) = Assert.Single(account.Sweep(over));
        Assert.Equal((PostingKind.Expiry, 70), (posting.Kind, posting.Ticks));
        Assert.Empty(account.Sweep(over));
        account.Apply(first, posting, over);
        Assert.Empty(account.Sweep(over));
        account.Release(hold);
        var (second, rest) = Assert.Single(account.Sweep(over));
        Assert.Equal(30, rest.Ticks);
        account.Apply(second, rest, over);
        Assert.Equal(0, account.Balance);
        Assert.Empty(account.Lots);
    }

    [Fact]
    public void A_charge_of_money_held_before_the_end_of_its_grant_is_paid_from_it()
    {
        var account = new Account(Team, 0);
        Add(account, 100, Start.AddDays(1));
        var hold = Held(account, 100, Start);
        var over = Start.AddDays(2);
        Assert.Empty(account.Sweep(over));
        var posting = account.Settle(hold, ChargeOf(90, over));
        Assert.Equal(90, posting.Ticks);
        account.Apply(hold, posting, over);
        Assert.Equal(10, Assert.Single(account.Sweep(over)).Posting.Ticks);
    }

    [Fact]
    public void An_allowance_is_used_after_all_lots_and_paid_back_by_the_next_one()
    {
        var account = new Account(Team, 50);
        Add(account, 100, null);
        Assert.Equal(150, account.Available(Start));
        var hold = Held(account, 140, Start);
        account.Apply(hold, account.Settle(hold, ChargeOf(130, Start)), Start);
        Assert.Equal((30, -30, 20), (account.Owed, account.Balance, account.Available(Start)));
        var paying = Add(account, 100, null);
        var (repay, posting) = Assert.Single(account.Sweep(Start));
        Assert.Equal((PostingKind.Repayment, 0), (posting.Kind, posting.Ticks));
        Assert.Equal([new Draw(paying.Id, 30), new Draw(Guid.Empty, -30)], posting.Draws);
        Assert.Empty(account.Sweep(Start));
        account.Apply(repay, posting, Start);
        Assert.Equal((0, 70, 120), (account.Owed, account.Balance, account.Available(Start)));
    }

    [Fact]
    public void A_correction_downwards_takes_what_is_free_and_the_rest_is_owed()
    {
        var account = new Account(Team, 0);
        Add(account, 100, null);
        var hold = Held(account, 60, Start);
        var (taking, posting) = account.TakeAway(70, "a mistake", Start);
        account.Apply(taking, posting, Start);
        Assert.Equal((30, 30, 0), (account.Owed, account.Balance, account.Available(Start)));
        account.Release(hold);
        var (repay, repayment) = Assert.Single(account.Sweep(Start));
        account.Apply(repay, repayment, Start);
        Assert.Equal((0, 30, 30), (account.Owed, account.Balance, account.Available(Start)));
    }

    [Fact]
    public void Limits_that_were_read_before_others_and_come_after_them_are_passed_over()
    {
        var account = new Account(Team, 0);
        account.Spending.SetLimits([("", new SpendingLimit(null, 99))], number: 6);
        account.Spending.SetLimits([], number: 5);
        Assert.Equal(99, account.Spending.Limit.Hard);
        account.Spending.SetLimits([("", new SpendingLimit(null, 50))], number: 6);
        Assert.Equal(50, account.Spending.Limit.Hard);
        account.Spending.SetLimits([], number: 7);
        Assert.Null(account.Spending.Limit.Hard);
    }

    [Fact]
    public void Hard_limits_count_what_is_held_and_end_with_the_month()
    {
        var account = new Account(Team, 0);
        Add(account, 1000, null);
        account.Spending.SetLimits([("", new SpendingLimit(Soft: 50, Hard: 100)), ("front", new SpendingLimit(null, 30))]);
        var first = Held(account, 80, Start);
        Assert.Equal(HoldRefusal.TeamLimit, Refused(account, new Payer(Team, Key, null, null), 21));
        Assert.Equal(HoldRefusal.KeyBudget, Refused(account, new Payer(Team, Key, KeyBudget: 90, null), 11));
        Assert.Null(Refused(account, new Payer(Team, Guid.Empty, KeyBudget: 20, "front"), 20));
        account.Apply(first, account.Settle(first, ChargeOf(80, Start)), Start);
        Assert.True(account.Spending.HasPassedSoft());
        Assert.False(account.Spending.HasPassedSoft());
        Assert.Equal(HoldRefusal.TeamLimit, Refused(account, new Payer(Team, Key, null, null), 21));
        Assert.Equal(80, account.Spending.Spent(Start));
        Assert.Equal(HoldRefusal.GatewayLimit, Refused(account, new Payer(Team, Key, null, "front"), 31, Start.AddMonths(1)));
        Assert.Null(Refused(account, new Payer(Team, Key, 100, null), 100, Start.AddMonths(1)));
        Assert.Equal(0, account.Spending.Spent(Start.AddMonths(1)));
    }

    private static HoldRefusal? Refused(Account account, Payer payer, long ticks, DateTimeOffset? now = null)
    {
        var hold = account.Open("r", payer, now ?? Start);
        var refusal = account.TryHold(hold, ticks, now ?? Start);
        account.Release(hold);
        return refusal;
    }

    private static AccountHold Held(Account account, long ticks, DateTimeOffset now)
    {
        var hold = account.Open("r", new Payer(Team, Key, null, null), now);
        Assert.Null(account.TryHold(hold, ticks, now));
        return hold;
    }

    private static Lot Add(Account account, long ticks, DateTimeOffset? expires)
    {
        var lot = new Lot(Guid.CreateVersion7(Start), LotKind.Grant, ticks, ticks, expires);
        account.Add(lot);
        return lot;
    }

    private static T Pop<T>(List<T> list, Dice dice)
    {
        var at = dice.Upto(list.Count);
        var one = list[at];
        list.RemoveAt(at);
        return one;
    }

    private static Charge ChargeOf(long cost, DateTimeOffset time) => new()
    {
        RequestId = "r", Payer = new Payer(Team, Key, null, null), Time = time, Model = "m", Upstream = "lab/m", Source = UsageSource.Reported, Ending = Ending.Completed, Cost = cost,
    };
}
