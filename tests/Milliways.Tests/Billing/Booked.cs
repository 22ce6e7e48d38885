using Milliways.Credits;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Billing;

/// <summary>Charges that are in the books of a test's server, without an upstream.</summary>
internal static class Booked
{
    public const string NoMonthly = """ "credits": { "monthlyGrant": null } """;

    private static int _last;

    public static async Task ChargeAsync(this TestServer server, Guid team, string model, long ticks)
    {
        await CaughtUpAsync(server);
        var ledger = server.Service<ILedger>();
        var (request, payer) = ($"booked-{Interlocked.Increment(ref _last)}", new Payer(team, server.Service<Milliways.Keys.KeyStore>().All()[0].Id, null, null));
        var hold = await ledger.HeldAsync(payer, request, ticks);
        Assert.Equal(ticks, await ledger.SettleAsync(hold, new Charge
        {
            RequestId = request, Payer = payer, Time = server.Service<TimeProvider>().GetUtcNow(), Model = model, Upstream = "lab/" + model, Source = UsageSource.Reported, Ending = Ending.Completed,
            Cost = ticks, Usage = new(100, 20, 0, 10, 3),
        }));
        await CaughtUpAsync(server);
    }

    /// <summary>A hold that is given. A server whose clock has jumped gives none until it has said once more that it lives.</summary>
    public static async Task<Hold> HeldAsync(this ILedger ledger, Payer payer, string request, long ticks)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await ManualTime.MomentAsync())
        {
            var answer = await ledger.HoldAsync(payer, request, ticks, CancellationToken.None);
            if (answer.Hold is { } hold)
                return hold;
            Assert.Equal(HoldRefusal.Unavailable, answer.Refusal);
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience.Limit, "No hold is given.");
        }
    }

    /// <summary>A clock that jumps while the books lag takes the database for away.</summary>
    private static Task CaughtUpAsync(TestServer server) => server.Service<Bookkeeping>().Folder.CatchUpAsync(CancellationToken.None);
}
