using Milliways.Dialects.Chat;
using Milliways.Limits;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>A key as requests see it; the secret is not here and nowhere else.</summary>
internal sealed record ApiKey(Guid Id, Team Team, string Name, string Redacted, DateTimeOffset Created, DateTimeOffset Modified, bool Disabled)
{
    /// <summary>How its answers and errors look, whatever the path says; null: as the path says.</summary>
    public Flavour? Flavour { get; init; }

    public LimitSet Limits { get; init; } = LimitSet.None;

    /// <summary>What it may spend in a calendar month (UTC), in ticks; null: no bound of its own.</summary>
    public long? Budget { get; init; }
}
