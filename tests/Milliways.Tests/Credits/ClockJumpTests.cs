using Milliways.Credits;
using Milliways.Credits.Books;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>A machine's clock that is a month ahead for a while, in a whole server. It begins with 2025.</summary>
public class ClockJumpTests
{
    private const long Dollar = Money.TicksPerDollar;
    private static readonly TimeSpan Month = TimeSpan.FromDays(31);

    private static int _last;

    [Fact]
    public async Task A_clock_that_jumps_a_month_ahead_and_back_gives_each_grant_once_and_passes_no_limit()
    {
        var time = new ManualTime();
        var wall = new WallClock(time);
        await using var server = await TestServer.StartAsync("""{ "credits": { "monthlyGrant": { "amount": "25.00" } } }""", wall, governance: true);
        var (credits, ledger, books) = (server.Service<CreditCommands>(), server.Service<ILedger>(), server.Service<Bookkeeping>());
        var payer = new Payer(server.Server.Team.Id, server.Service<Milliways.Keys.KeyStore>().All()[0].Id, null, null);
        await credits.SetSpendingLimitAsync(OperatorActor.Instance, server.Account, null, new(null, 10 * Dollar), default);
        await SpendAsync(4 * Dollar);
        var open = (await ledger.HoldAsync(payer, "open", 2 * Dollar, default)).Hold!;

        wall.Offset = Month;
        await TickAsync();
        Assert.Equal(["monthly grant for 2025-01", "monthly grant for 2025-02"], await GrantsAsync());
        // The month's spending begins anew, with what is held; January's grant has ended but for that.
        var february = await ShowAsync();
        Assert.Equal((0, 2 * Dollar, 25 * Dollar + 2 * Dollar), (february.SpentTicks, february.HeldTicks, february.BalanceTicks));
        Assert.Equal(HoldRefusal.TeamLimit, (await ledger.HoldAsync(payer, "too much", 9 * Dollar, default)).Refusal);
        await SpendAsync(3 * Dollar);

        wall.Offset = TimeSpan.Zero;
        await TickAsync();
        await SpendAsync(4 * Dollar);
        // 3 and 4 were spent and 2 are held: what is charged back in January counts where counting had begun.
        Assert.Equal((7 * Dollar, 2 * Dollar), await ShowAsync() is var back ? (back.SpentTicks, back.HeldTicks) : default);
        Assert.Equal(HoldRefusal.TeamLimit, (await ledger.HoldAsync(payer, "too much", 2 * Dollar, default)).Refusal);
        Assert.Equal(Dollar, await ledger.SettleAsync(open, Charged("open", Dollar)));
        Assert.Equal(Dollar, await ledger.SettleAsync(open, Charged("open", Dollar)));

        wall.Offset = Month;
        await TickAsync();
        Assert.Equal(["monthly grant for 2025-01", "monthly grant for 2025-02"], await GrantsAsync());
        Assert.Equal((8 * Dollar, 0), await ShowAsync() is var again ? (again.SpentTicks, again.HeldTicks) : default);
        var statement = await credits.StatementAsync(OperatorActor.Instance, server.Account, new StatementRange(null, null, 0, 1000), ledger: true, default);
        Assert.Equal([4 * Dollar, 3 * Dollar, 4 * Dollar, Dollar], statement.Entries.Where(entry => entry.Kind == "charge").Select(entry => -entry.AmountTicks));
        Assert.Empty((await credits.CheckAsync(OperatorActor.Instance, default)).Problems);

        async Task TickAsync()
        {
            await books.Rules.TickAsync();
            // What ended is decided; it counts when the journal has it.
            for (var began = TimeProvider.System.GetTimestamp(); books.Ledger.AllAccounts.Any(account => { lock (account.Gate) return account.Holds.Any(hold => hold.Payer is null); }); await Task.Yield())
                Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience.Limit);
            await books.Folder.CatchUpAsync(default);
        }

        async Task SpendAsync(long ticks)
        {
            var request = $"spent-{Interlocked.Increment(ref _last)}";
            var hold = (await ledger.HoldAsync(payer, request, ticks, default)).Hold!;
            Assert.Equal(ticks, await ledger.SettleAsync(hold, Charged(request, ticks)));
            await books.Folder.CatchUpAsync(default);
        }

        Charge Charged(string request, long ticks) => new()
        {
            RequestId = request, Payer = payer, Time = wall.GetUtcNow(), Model = "m", Upstream = "lab/m", Source = UsageSource.Reported, Ending = Ending.Completed, Cost = ticks, Usage = new ChatUsage(1, 0, 0, 1, 0),
        };

        Task<CreditsShown> ShowAsync() => credits.ShowAsync(OperatorActor.Instance, server.Account, default);

        async Task<List<string>> GrantsAsync() =>
            [.. (await credits.StatementAsync(OperatorActor.Instance, server.Account, new StatementRange(null, null, 0, 1000), ledger: false, default)).Entries.Where(entry => entry.Kind == "grant").Select(entry => entry.Reason)];
    }
}

public sealed class ClockJumpsOnPostgresTests : ClockJumpTests
{
    public ClockJumpsOnPostgresTests() => TestServer.On.Value = Backend.Postgres;
}
