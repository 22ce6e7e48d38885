using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Credits;

/// <summary>Whose money a request uses, and under which bounds of spending. One for its hold, its bill and its charge.</summary>
/// <param name="Team">The team that pays.</param>
/// <param name="Key">The API key that asked.</param>
/// <param name="KeyBudget">What the key may spend in a calendar month (UTC), in ticks; null: no bound of its own.</param>
/// <param name="Gateway">The gateway that the request came through; null: none.</param>
internal sealed record Payer(Guid Team, Guid Key, long? KeyBudget, string? Gateway)
{
    public static Payer Nobody { get; } = new(Guid.Empty, Guid.Empty, KeyBudget: null, Gateway: null);
}

/// <summary>Everything that is kept of one exchange that was answered: its usage row and its charge are this one record.</summary>
internal sealed record Charge
{
    /// <summary>The <c>x-request-id</c> that the caller got; there is never a second charge with the same one.</summary>
    public required string RequestId { get; init; }

    public required Payer Payer { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>As the caller named it.</summary>
    public required string Model { get; init; }

    /// <summary><c>upstream/model</c> that answered.</summary>
    public required string Upstream { get; init; }

    public ChatUsage Usage { get; init; }

    /// <summary>Images that were made or read and are charged by the piece.</summary>
    public long Images { get; init; }

    public required UsageSource Source { get; init; }

    public required Ending Ending { get; init; }

    /// <summary>What the answer costs by the catalogue, in ticks; what goes beyond the hold is not the team's.</summary>
    public required long Cost { get; init; }

    /// <summary>The caller's <c>x-milliways-tags</c>.</summary>
    public string? Tags { get; init; }

    /// <summary>Attempts whose output nobody got, with their cost in ticks: the operator's.</summary>
    public IReadOnlyList<DiscardedCost> Discarded { get; init; } = [];
}

/// <summary>What an attempt cost in vain.</summary>
internal readonly record struct DiscardedCost(string Upstream, ChatUsage Usage, long Ticks);
