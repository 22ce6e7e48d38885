using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Credits.Grants;

/// <summary>
/// Gives what rules give: the monthly grant at the start of the server and at each period's begin, the bonus on earlier purchases when the rule says so. The
/// database's key on a lot's rule makes each a grant that is given once, whatever the number of processes and restarts.
/// </summary>
internal sealed class GrantRules(LedgerDatabase database, IFunds funds, Func<CreditsConfig> config, TimeProvider time, ILogger<GrantRules> log)
{
    /// <summary>What was given last: the rule and its period, and for how many teams.</summary>
    private (MonthlyGrantConfig? Rule, string? Period, PurchaseBonusConfig? Bonus, int Teams) _done;

    private bool _isAway;

    /// <summary>Before the server listens: gives what is due and opens every account, on this thread.</summary>
    public void RunAtStart() => database.Run(session =>
    {
        Give(session);
        funds.Open(session, Teams(session));
        return true;
    });

    /// <summary>Ends what is over and gives what is due; called each second.</summary>
    public async Task TickAsync()
    {
        try
        {
            await funds.SweepAsync();
            foreach (var team in await database.RunAsync(Give))
                await funds.ChangedAsync(team);
            _isAway = false;
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away))
        {
            if (!_isAway)
                log.LogWarning("Grants that are due could not be given ({Reason}); trying again", away.Message);
            _isAway = true;
        }
    }

    /// <summary>The rules in effect, for purchases.</summary>
    public PurchaseBonusConfig? BonusRule => config().PurchaseBonus;

    /// <summary>Gives what is due; nothing to do costs one small query. Returns whom it gave something.</summary>
    private List<Guid> Give(DatabaseSession session)
    {
        var rules = config();
        var teams = Teams(session);
        var now = (rules.MonthlyGrant, rules.MonthlyGrant is { } monthly ? MonthlyPeriod.Due(monthly, time.GetUtcNow())?.Name : null, rules.PurchaseBonus, teams.Count);
        if (now == _done)
            return [];
        List<Guid> changed = [.. teams.FindAll(team => GiveMonthly(session, rules.MonthlyGrant, team, time.GetUtcNow())), .. GiveBonuses(session)];
        _done = now;
        return changed;
    }

    /// <summary>Gives one team the grant of the month, unless it has it. True: it had not.</summary>
    public static bool GiveMonthly(DatabaseSession session, MonthlyGrantConfig? rule, Guid team, DateTimeOffset now) =>
        rule is not null && MonthlyPeriod.Due(rule, now) is { } period && session.Transact(() => LotBook.Add(session, new NewLot(
            Guid.CreateVersion7(now), team, LotKind.Grant, rule.Amount, period.End, now, $"monthly grant for {period.Name}", $"monthly:{team:N}:{period.Name}")));

    private List<Guid> GiveBonuses(DatabaseSession session)
    {
        if (config().PurchaseBonus is not { Retroactive: true } rule)
            return [];
        var now = time.GetUtcNow();
        var purchases = session.Query("SELECT id, team, amount, created FROM lots WHERE kind = 'purchase' ORDER BY created, id",
            row => (Id: Guid.ParseExact(row.GetString(0), "N"), Team: Guid.ParseExact(row.GetString(1), "N"), Ticks: row.GetInt64(2), Made: DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3))));
        return [.. purchases.Where(purchase => Bonus.Covers(rule, purchase.Made) && session.Transact(() => LotBook.Add(session, new NewLot(
            Guid.CreateVersion7(now), purchase.Team, LotKind.Bonus, Bonus.Of(rule, purchase.Ticks), Expires: null, now, "bonus on an earlier purchase", Bonus.Rule(purchase.Id))))).Select(purchase => purchase.Team)];
    }

    private static List<Guid> Teams(DatabaseSession session) => session.Query("SELECT id FROM teams ORDER BY id", row => Guid.ParseExact(row.GetString(0), "N"));
}
