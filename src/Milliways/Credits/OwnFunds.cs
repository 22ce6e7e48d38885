using Milliways.Credits.Accounts;
using Milliways.Storage;

namespace Milliways.Credits;

/// <summary>One server has all money of all teams.</summary>
internal sealed class OwnFunds(Ledger ledger, TimeProvider time) : IFunds
{
    public void Open(DatabaseSession session, IReadOnlyList<Guid> teams)
    {
        foreach (var team in teams)
            ledger.Open(session, team);
    }

    public async Task<CreditsShown> ShowAsync(Guid team, CancellationToken cancel)
    {
        var account = await ledger.OpenAsync(team, cancel);
        var now = time.GetUtcNow();
        lock (account.Gate)
            return new CreditsShown(
                account.Team.ToString("N"), account.Balance, account.Held, account.Available(now), account.Owed, account.Allowance, Money.Format(account.Balance),
                [.. account.Lots.Select(GrantShown.Of)])
            {
                SpentTicks = account.Spending.Spent(now), SoftLimitTicks = account.Spending.Limit.Soft, HardLimitTicks = account.Spending.Limit.Hard,
            };
    }

    public async Task<long> HeldAsync(Guid team, CancellationToken cancel)
    {
        var account = await ledger.OpenAsync(team, cancel);
        lock (account.Gate)
            return account.Held;
    }

    public Task ChangedAsync(Guid team) => ledger.RefreshAsync(team);

    public Task TakeAwayAsync(Guid team, long ticks, string reason) => ledger.TakeAwayAsync(team, ticks, reason);

    public Task<IReadOnlyList<HoldShown>> HoldsAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        return Task.FromResult<IReadOnlyList<HoldShown>>([.. ledger.OpenHolds().Select(hold => new HoldShown(
            hold.RequestId, hold.Team.ToString("N"), hold.Key.ToString("D"), hold.Ticks, Math.Max(0, (now - hold.Since).TotalSeconds), Environment.MachineName))]);
    }

    public Task SweepAsync()
    {
        ledger.Sweep();
        return Task.CompletedTask;
    }

    public IReadOnlyList<string> Problems() => [.. ledger.Accounts.SelectMany(AccountCheck.Problems)];
}
