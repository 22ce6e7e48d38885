using System.Collections.Concurrent;

namespace Milliways.Limits.Counting;

/// <summary>The limits of all teams in this process; what is idle is forgotten, so that it stays as small as what goes on.</summary>
internal sealed class LimitBook(TimeProvider time)
{
    private readonly ConcurrentDictionary<Guid, TeamLimits> _teams = new();

    /// <summary>Teams that something is remembered of.</summary>
    public int Teams => _teams.Count;

    /// <summary>Lets a request in under all its limits or none; see <see cref="TeamLimits.TryEnter"/>.</summary>
    /// <param name="entered">Where it is to be corrected and left.</param>
    public bool TryEnter(
        Guid team, Span<HeldLimit> held, in TokenBound tokens, out TeamLimits entered, out long at, out LimitHit hit, out LimitStanding standing)
    {
        while (true)
        {
            entered = _teams.GetOrAdd(team, static (_, time) => new TeamLimits(time), time);
            if (entered.TryEnter(held, tokens, out at, out hit, out standing) is { } admitted)
                return admitted;
            _teams.TryRemove(new KeyValuePair<Guid, TeamLimits>(team, entered));
        }
    }

    /// <summary>Forgets teams and scopes of which nothing is running and nothing is in a window.</summary>
    public void Forget()
    {
        foreach (var team in _teams)
            if (team.Value.Forget())
                _teams.TryRemove(team);
    }
}
