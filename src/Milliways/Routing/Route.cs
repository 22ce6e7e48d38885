using Milliways.Routing.Retries;

namespace Milliways.Routing;

/// <summary>How a route's attempts are arranged for one request.</summary>
internal enum RouteOrder
{
    /// <summary>As listed.</summary>
    Priority,

    /// <summary>The first by the weights, the others behind it as fallbacks.</summary>
    Weighted,

    /// <summary>The one whose first event has come soonest of late.</summary>
    LeastLatency,
}

/// <summary>What serves a model name, and how hard it is tried.</summary>
/// <param name="Attempts">As listed; <see cref="Order.AttemptOrder"/> arranges them for a request.</param>
internal sealed record Route(IReadOnlyList<Attempt> Attempts)
{
    /// <summary>Tries beyond one for each listed attempt, when nothing says otherwise.</summary>
    public const int UsualRetries = 2;

    private int? _retries;

    public Route(Attempt only) : this([only]) { }

    public RouteOrder Order { get; init; }

    /// <summary>Tries in all beyond one for each listed attempt.</summary>
    public int Retries
    {
        get => _retries ??= Attempts.Max(attempt => attempt.Upstream.Retries ?? UsualRetries);
        init => _retries = value;
    }

    /// <summary>What the caller or its gateway says about tries; null: nothing.</summary>
    public TryRules? Tries { get; init; }

    /// <summary>The routes of requests that stand for each other, in order, all of whose attempts together are <see cref="Attempts"/>; null: it is one request.</summary>
    public IReadOnlyList<Route>? Steps { get; init; }

    /// <summary>How many tokens of a stream are held back before it counts as begun.</summary>
    public int HoldBackTokens { get; init; }

    /// <summary>After this long without content a second attempt runs beside the first; null: never.</summary>
    public TimeSpan? HedgeAfter { get; init; }
}
