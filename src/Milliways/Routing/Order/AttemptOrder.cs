using Milliways.Routing.Health;

namespace Milliways.Routing.Order;

/// <summary>
/// Arranges a route's attempts for one request. Weights and sessions use one rule: each attempt draws -ln(u) / weight and the smallest stands first, which
/// gives every attempt its share of first places and of the places behind (Efraimidis and Spirakis 2006). A request without a session draws u from
/// chance; for a session u is a hash of session and attempt, which is weighted rendezvous hashing: an attempt that goes away moves only its own sessions.
/// </summary>
internal sealed class AttemptOrder(HealthBoard health, Lots lots)
{
    /// <summary>Up to this many times the shortest latency an attempt is as good as the fastest: a warm prompt cache saves more than that.</summary>
    public const double AsFast = 1.5;

    /// <param name="route">What is arranged.</param>
    /// <param name="isStream">Streams and whole answers have latencies of their own.</param>
    /// <param name="session">Stands for the conversation whose prompt cache is worth keeping, or null.</param>
    public IReadOnlyList<Attempt> Arrange(Route route, bool isStream, ulong? session)
    {
        if (route.Order == RouteOrder.Priority || route.Attempts.Count == 1)
            return route.Attempts;
        var places = new (int Tier, double Place, Attempt Attempt)[route.Attempts.Count];
        var latencies = route.Order == RouteOrder.LeastLatency ? Latencies(route, isStream) : null;
        var fastest = latencies?.Where(latency => latency > 0).DefaultIfEmpty().Min() ?? 0;
        for (var i = 0; i < places.Length; i++)
        {
            var attempt = route.Attempts[i];
            var lot = session is { } key ? Lots.Fraction(Lots.Mix(key ^ attempt.Lot)) : lots.NextFraction();
            places[i] = latencies is null ? ByWeight(attempt, lot) : ByLatency(attempt, latencies[i], fastest, lot);
        }
        Array.Sort(places, static (a, b) => a.Tier != b.Tier ? a.Tier.CompareTo(b.Tier) : a.Place.CompareTo(b.Place));
        return Array.ConvertAll(places, place => place.Attempt);
    }

    private static (int, double, Attempt) ByWeight(Attempt attempt, double lot) =>
        attempt.Weight == 0 ? (1, lot, attempt) : (0, -Math.Log(lot) / attempt.Weight, attempt);

    /// <summary>Those nobody has measured yet are tried among the fast ones; the slow ones stand behind, the least slow first.</summary>
    private static (int, double, Attempt) ByLatency(Attempt attempt, double latency, double fastest, double lot) =>
        latency <= fastest * AsFast ? (0, lot, attempt) : (1, latency, attempt);

    /// <summary>In milliseconds; 0 where nothing is known.</summary>
    private double[] Latencies(Route route, bool isStream) =>
        [.. route.Attempts.Select(attempt => health.Of(attempt).Latency(isStream).Milliseconds ?? 0)];
}
