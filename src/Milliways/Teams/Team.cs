using Milliways.Limits;

namespace Milliways.Teams;

/// <summary>
/// Who owns keys. One id, written as a UUID in xAI's answers (<see cref="Guid"/> "D") and as 32 hex digits where Cloudflare has an account ("N").
/// </summary>
internal sealed record Team(Guid Id, string Name)
{
    /// <summary>The account in gateway addresses.</summary>
    public string Account => Id.ToString("N");

    /// <summary>What it pays, in percent of the list's prices.</summary>
    public int PricePercent { get; init; } = 100;

    public DateTimeOffset Created { get; init; }

    /// <summary>By the operator: none of its keys works.</summary>
    public bool Blocked { get; init; }

    /// <summary>Its own limits, which replace those of the configuration that they name.</summary>
    public LimitSet Limits { get; init; } = LimitSet.None;
}
