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

    public KeyAcls Acls { get; init; } = KeyAcls.All;

    /// <summary>From then on it is refused; null: never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>By the operator; its owner cannot take that away, as they can with <see cref="Disabled"/>.</summary>
    public bool Blocked { get; init; }

    /// <summary>Who made it; null: the operator, or the first start.</summary>
    public Guid? CreatedBy { get; init; }

    public Guid? ModifiedBy { get; init; }

    public KeyUse Use { get; init; } = new();

    /// <summary>Why it is refused now, in words for its owner; null: it is good.</summary>
    public string? RefusedBecause(DateTimeOffset now) =>
        Disabled ? "This API key is disabled."
        : Blocked ? "This API key is blocked."
        : Team.Blocked ? $"The team {Team.Id:D} of this API key is blocked."
        : Expires is { } expires && now >= expires ? "This API key has expired."
        : null;
}
