using System.Globalization;
using Milliways.Credits;
using Milliways.Credits.Books;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Alerts;

/// <summary>
/// What the books say that is worth an alert. Read from the database and not heard from whoever charges, so that no answer waits for it, a crash loses nothing,
/// and every server sees the same.
/// </summary>
internal sealed class AlertFacts(DatabaseSession session, AlertsConfig alerts, CreditsConfig credits, DateTimeOffset now)
{
    /// <summary>An overrun that was not told for so long is of no interest: the server was off.</summary>
    private static readonly TimeSpan Overruns = TimeSpan.FromHours(24);

    private readonly Dictionary<Guid, string> _names = session
        .Query("SELECT id, name FROM teams", row => (Id: Guid.ParseExact(row.GetString(0), "N"), Name: row.GetString(1))).ToDictionary(team => team.Id, team => team.Name);

    public static string MonthOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    /// <summary>All that holds of teams whose books have changed.</summary>
    /// <param name="since">By the times of entries.</param>
    public IEnumerable<Sighting> OfChanged(DateTimeOffset since) => [.. SoftLimits(since), .. Budgets(since), .. Credit(since), .. OverrunHours(since)];

    /// <summary>Credit that ends soon, of all teams.</summary>
    public IEnumerable<Sighting> Expiring()
    {
        if (alerts.Expiring is not { } ahead)
            return [];
        return session.Query("SELECT id, team, amount, remains, expires FROM lots WHERE remains > 0 AND expires > $now AND expires <= $until ORDER BY expires, id",
            row => (Lot: row.GetString(0), Team: Id(row.GetString(1)), Amount: row.GetInt64(2), Left: row.GetInt64(3), Expires: Time(row.GetInt64(4))),
            ("$now", now.ToUnixTimeMilliseconds()), ("$until", (now + ahead).ToUnixTimeMilliseconds()))
            .Select(lot => Of(AlertTypes.CreditExpiring, lot.Team, $"expiring:{lot.Lot}",
                $"{Dollars(lot.Left)} dollars of a credit of {Dollars(lot.Amount)} end unused at {lot.Expires:yyyy-MM-dd HH:mm} UTC ({Name(lot.Team)}).",
                data => data with { GrantId = lot.Lot, GrantTicks = lot.Amount, LeftTicks = lot.Left, Expires = StatementReader.Text(lot.Expires) }, lasts: true));
    }

    /// <summary>A request was refused for its money's sake; null: that is none of the alerts.</summary>
    public Sighting? OfRefusal(in RefusedRequest refused)
    {
        var (team, key, gateway, month) = (refused.Payer.Team, refused.Payer.Key, refused.Payer.Gateway ?? "", MonthOf(now));
        switch (refused.Why)
        {
            case HoldRefusal.TeamLimit:
                return HardLimit(team, "", month);
            case HoldRefusal.GatewayLimit:
                return HardLimit(team, gateway, month);
            case HoldRefusal.KeyBudget when BudgetOf(key) is { } budget:
                return Of(AlertTypes.BudgetExhausted, team, $"budget-exhausted:{key:N}:{month}:{budget.Ticks}",
                    $"A request of the key {budget.Name} was refused: its budget of {Dollars(budget.Ticks)} dollars for {month} does not cover it ({Name(team)}).",
                    data => data with { KeyId = key.ToString("D"), KeyName = budget.Name, Month = month, LimitTicks = budget.Ticks });
            // Credit that has come in since is another occasion.
            case HoldRefusal.Credits when Standing(DateTimeOffset.UnixEpoch, team) is [var standing] && standing.Since < refused.At:
                return Exhausted(standing);
            default:
                return null;
        }
    }

    private IEnumerable<Sighting> SoftLimits(DateTimeOffset since) => session.Query(
        $"""
        SELECT spending_limits.team, spending_limits.gateway, soft, CAST(SUM(charged) AS BIGINT) FROM spending_limits JOIN usage_hours
          ON usage_hours.team = spending_limits.team AND hour >= $month AND (spending_limits.gateway = '' OR usage_hours.gateway = spending_limits.gateway)
        WHERE soft IS NOT NULL AND {OfChangedTeam("spending_limits.team")}
        GROUP BY spending_limits.team, spending_limits.gateway, soft HAVING SUM(charged) > soft
        """,
        row => (Team: Id(row.GetString(0)), Gateway: row.GetString(1), Limit: row.GetInt64(2), Spent: row.GetInt64(3)), ("$month", Month), ("$since", since.ToUnixTimeMilliseconds()))
        .Select(passed => Of(AlertTypes.SoftLimit, passed.Team, $"soft:{passed.Team:N}:{passed.Gateway}:{MonthOf(now)}:{passed.Limit}",
            $"{Who(passed.Team, passed.Gateway)} has spent {Dollars(passed.Spent)} dollars in {MonthOf(now)}, more than the soft limit of {Dollars(passed.Limit)}.",
            data => data with { Gateway = Named(passed.Gateway), Month = MonthOf(now), LimitTicks = passed.Limit, SpentTicks = passed.Spent }));

    private IEnumerable<Sighting> Budgets(DateTimeOffset since)
    {
        var keys = session.Query($"SELECT id, team, name, budget FROM api_keys WHERE budget > 0 AND {OfChangedTeam("api_keys.team")}",
            row => (Key: Id(row.GetString(0)), Team: Id(row.GetString(1)), Name: row.GetString(2), Budget: row.GetInt64(3)), ("$since", since.ToUnixTimeMilliseconds()));
        foreach (var (key, team, name, budget) in keys)
        {
            var spent = session.Query("SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT) FROM usage_hours WHERE team = $team AND hour >= $month AND key_id = $key",
                row => row.GetInt64(0), ("$team", team.ToString("N")), ("$month", Month), ("$key", key.ToString("D")))[0];
            // Of several that were passed at once the highest says it all.
            if (alerts.BudgetPercents.Where(percent => (Int128)spent * 100 >= (Int128)budget * percent).DefaultIfEmpty().Max() is > 0 and var percent)
                yield return Of(AlertTypes.BudgetThreshold, team, $"budget:{key:N}:{percent}:{MonthOf(now)}:{budget}",
                    $"The key {name} has spent {Dollars(spent)} dollars in {MonthOf(now)}, {percent} % or more of its budget of {Dollars(budget)} ({Name(team)}).",
                    data => data with { KeyId = key.ToString("D"), KeyName = name, Month = MonthOf(now), LimitTicks = budget, SpentTicks = spent, Percent = percent });
        }
    }

    private IEnumerable<Sighting> Credit(DateTimeOffset since)
    {
        foreach (var standing in Standing(since))
            if (standing.Available <= 0)
                yield return Exhausted(standing);
            else if ((alerts.CreditBelow is { } below && standing.Available < below) || (Int128)standing.Available * 100 < (Int128)standing.Amount * alerts.CreditPercent)
                yield return Of(AlertTypes.CreditLow, standing.Team, $"low:{standing.Team:N}:{standing.Lot}",
                    $"{Name(standing.Team)} has {Dollars(standing.Available)} dollars left; the credit that came in last was {Dollars(standing.Amount)}.", standing.Tell, lasts: true);
    }

    private IEnumerable<Sighting> OverrunHours(DateTimeOffset since) => session.Query(
        """
        SELECT usage_hours.team, hour, CAST(SUM(overrun) AS BIGINT) FROM balances JOIN usage_hours ON usage_hours.team = balances.team AND hour >= $from
        WHERE overrun > 0 AND booked >= $since GROUP BY usage_hours.team, hour
        """,
        row => (Team: Id(row.GetString(0)), Hour: row.GetInt64(1), Ticks: row.GetInt64(2)), ("$from", (now - Overruns).ToUnixTimeMilliseconds()), ("$since", since.ToUnixTimeMilliseconds()))
        .Select(over => Of(AlertTypes.Overrun, over.Team, $"overrun:{over.Team:N}:{over.Hour}",
            $"Answers for {Name(over.Team)} cost {Dollars(over.Ticks)} dollars more than was held in the hour from {Time(over.Hour):yyyy-MM-dd HH:mm} UTC; the operator bears it.",
            data => data with { OverrunTicks = over.Ticks, Hour = StatementReader.Text(Time(over.Hour)) }));

    /// <summary>What teams can spend, with the grant or purchase that came in last: with a new one a new occasion begins.</summary>
    private List<CreditStanding> Standing(DateTimeOffset since, Guid? team = null) => session.Query(
        $"""
        SELECT balances.team, balance, postpaid, lots.id, lots.amount, lots.created FROM balances JOIN lots ON lots.id =
          (SELECT last.id FROM lots last WHERE last.team = balances.team AND last.kind IN ('grant', 'purchase') ORDER BY last.created DESC, last.id DESC LIMIT 1)
        WHERE booked >= $since {(team is null ? "" : "AND balances.team = $team")}
        """,
        row => new CreditStanding(Id(row.GetString(0)), checked(row.GetInt64(1) + (row.IsDBNull(2) ? credits.Postpaid : row.GetInt64(2))), row.GetString(3), row.GetInt64(4), Time(row.GetInt64(5))),
        team is { } one ? [("$since", since.ToUnixTimeMilliseconds()), ("$team", one.ToString("N"))] : [("$since", since.ToUnixTimeMilliseconds())]);

    private Sighting Exhausted(CreditStanding standing) => Of(AlertTypes.CreditExhausted, standing.Team, $"exhausted:{standing.Team:N}:{standing.Lot}",
        $"The credit of {Name(standing.Team)} is used up, or does not cover a request: {Dollars(standing.Available)} dollars are left.", standing.Tell, lasts: true);

    private Sighting? HardLimit(Guid team, string gateway, string month) => session.Query(
        "SELECT hard FROM spending_limits WHERE team = $team AND gateway = $gateway AND hard IS NOT NULL", row => row.GetInt64(0), ("$team", team.ToString("N")), ("$gateway", gateway)) is [var limit]
        ? Of(AlertTypes.HardLimit, team, $"hard:{team:N}:{gateway}:{month}:{limit}",
            $"A request was refused: {Who(team, gateway)} may spend {Dollars(limit)} dollars in {month}, and what is left of that does not cover it.",
            data => data with { Gateway = Named(gateway), Month = month, LimitTicks = limit })
        : null;

    private (string Name, long Ticks)? BudgetOf(Guid key) =>
        session.Query("SELECT name, budget FROM api_keys WHERE id = $key AND budget IS NOT NULL", row => (row.GetString(0), row.GetInt64(1)), ("$key", key.ToString("N"))) is [var found] ? found : null;

    private Sighting Of(string type, Guid team, string occasion, string message, Func<AlertData, AlertData> tell, bool lasts = false) =>
        new(type, team, occasion, tell(new AlertData(AlertText.Line(char.ToUpperInvariant(message[0]) + message[1..])) { TeamName = _names.GetValueOrDefault(team) })) { Lasts = lasts };

    private long Month => new DateTimeOffset(now.UtcDateTime.Year, now.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private string Who(Guid team, string gateway) => gateway.Length == 0 ? Name(team) : $"the gateway {gateway} of {Name(team)}";

    private string Name(Guid team) => _names.TryGetValue(team, out var name) ? $"the team {name}" : $"the team {team:N}";

    private static string OfChangedTeam(string column) => $"EXISTS (SELECT 1 FROM balances changed WHERE changed.team = {column} AND changed.booked >= $since)";

    private static string? Named(string gateway) => gateway.Length == 0 ? null : gateway;

    private static string Dollars(long ticks) => Money.Format(ticks);

    private static Guid Id(string text) => Guid.ParseExact(text, "N");

    private static DateTimeOffset Time(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at);

    /// <param name="Since">When the lot came in.</param>
    private sealed record CreditStanding(Guid Team, long Available, string Lot, long Amount, DateTimeOffset Since)
    {
        public AlertData Tell(AlertData data) => data with { AvailableTicks = Available, GrantId = Lot, GrantTicks = Amount };
    }
}
