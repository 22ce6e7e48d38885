namespace Milliways.Credits.Accounts;

/// <summary>Monthly bounds of spending (UTC), in ticks; null: none.</summary>
/// <param name="Soft">Passing it is told, and nothing else.</param>
/// <param name="Hard">Beyond it nothing is held.</param>
internal readonly record struct SpendingLimit(long? Soft, long? Hard);

/// <summary>
/// What a team, its keys and its gateways have spent in the current month, and what they hold, which counts too: so no limit is passed by requests that run
/// at one time.
/// </summary>
internal sealed class Spending
{
    private readonly Counter _team = new();
    private readonly Dictionary<Guid, Counter> _keys = [];
    private readonly Dictionary<string, Counter> _gateways = [];
    private Dictionary<string, SpendingLimit> _limits = [];
    private long _changes;
    private bool _isSoftTold;
    private int _month;

    private sealed class Counter
    {
        public long Spent { get; set; }

        public long Held { get; set; }
    }

    public SpendingLimit Limit => _limits.GetValueOrDefault("");

    public SpendingLimit LimitOf(string gateway) => _limits.GetValueOrDefault(gateway);

    /// <summary>By gateway; the empty name is the whole team.</summary>
    /// <param name="limits">All of them.</param>
    /// <param name="number">Where several read them: how many changes are in them at least. Those that were read before others and come after them are passed over.</param>
    public void SetLimits(IEnumerable<(string Gateway, SpendingLimit Limit)> limits, long number = 0)
    {
        if (number < _changes)
            return;
        _changes = number;
        _limits = limits.ToDictionary(limit => limit.Gateway, limit => limit.Limit);
    }

    /// <summary>True once a month, when the team has passed its soft limit.</summary>
    public bool HasPassedSoft()
    {
        if (_isSoftTold || Limit.Soft is not { } soft || _team.Spent <= soft)
            return false;
        return _isSoftTold = true;
    }

    /// <summary>Spent by the team in the month, in ticks.</summary>
    public long Spent(DateTimeOffset now)
    {
        Roll(now);
        return _team.Spent;
    }

    /// <summary>Who does not have so much left, or null.</summary>
    public HoldRefusal? Refuses(Payer payer, long ticks, DateTimeOffset now)
    {
        Roll(now);
        if (IsBeyond(_team, ticks, Limit.Hard))
            return HoldRefusal.TeamLimit;
        if (payer.KeyBudget is { } budget && IsBeyond(Of(_keys, payer.Key), ticks, budget))
            return HoldRefusal.KeyBudget;
        if (payer.Gateway is { } gateway && _limits.TryGetValue(gateway, out var limit) && IsBeyond(Of(_gateways, gateway), ticks, limit.Hard))
            return HoldRefusal.GatewayLimit;
        return null;
    }

    /// <summary>Holds, or gives back when negative.</summary>
    public void Hold(Payer payer, long ticks)
    {
        _team.Held = checked(_team.Held + ticks);
        Of(_keys, payer.Key).Held += ticks;
        if (payer.Gateway is { } gateway)
            Of(_gateways, gateway).Held += ticks;
    }

    /// <summary>
    /// Counts what was charged at a time; what belongs to a month that is over counts no more. Where the clock was put back into an earlier month, what is charged
    /// there counts in the later one that had begun: a limit is not passed by a clock.
    /// </summary>
    public void Spend(Guid key, string? gateway, long ticks, DateTimeOffset time, DateTimeOffset now)
    {
        Roll(now);
        if (MonthOf(time) < Math.Min(_month, MonthOf(now)))
            return;
        _team.Spent = checked(_team.Spent + ticks);
        Of(_keys, key).Spent += ticks;
        if (gateway is not null)
            Of(_gateways, gateway).Spent += ticks;
    }

    /// <summary>At the month's end everybody has spent nothing; what is held stays held. A clock that goes back to an old month changes nothing.</summary>
    private void Roll(DateTimeOffset now)
    {
        if (MonthOf(now) <= _month)
            return;
        _month = MonthOf(now);
        _isSoftTold = false;
        foreach (var counter in (IEnumerable<Counter>)[_team, .. _keys.Values, .. _gateways.Values])
            counter.Spent = 0;
    }

    private static int MonthOf(DateTimeOffset time) => time.UtcDateTime.Year * 12 + time.UtcDateTime.Month;

    private static bool IsBeyond(Counter counter, long ticks, long? limit) => limit is { } most && checked(counter.Spent + counter.Held + ticks) > most;

    private static Counter Of<T>(Dictionary<T, Counter> counters, T name) where T : notnull
    {
        if (!counters.TryGetValue(name, out var counter))
            counters[name] = counter = new Counter();
        return counter;
    }
}
