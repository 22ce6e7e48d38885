using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Hosting.Configuration;

/// <summary>Reads how a model is routed and when an upstream is avoided (docs/routing.md).</summary>
internal static class RoutingReader
{
    private const int MostRetries = 20;
    private const int MostWeight = 1_000_000;
    private const int MostHoldBack = 4096;

    private static readonly Dictionary<string, RouteOrder> Orders = new(StringComparer.Ordinal)
    {
        ["priority"] = RouteOrder.Priority, ["weighted"] = RouteOrder.Weighted, ["leastLatency"] = RouteOrder.LeastLatency,
    };

    private static readonly string[] RouteNames = ["order", "retries", "holdBackTokens", "hedgeAfter"];

    public static List<AttemptConfig> ReadAttempts(ConfigSection model)
    {
        var attempts = new List<AttemptConfig>();
        foreach (var attempt in model.Sections("attempts"))
        {
            var (upstream, name) = (attempt.Text("upstream"), attempt.Text("model"));
            var weight = attempt.Count("weight", 0, MostWeight) ?? 1;
            if (upstream is null || name is null)
                attempt.Problem("needs \"upstream\" and \"model\"");
            else
                attempts.Add(new AttemptConfig(upstream, name, weight));
            attempt.Done();
        }
        return attempts;
    }

    public static RouteConfig ReadRoute(ConfigSection model, IReadOnlyList<AttemptConfig> attempts)
    {
        var route = new RouteConfig
        {
            Order = model.Choice("order", Orders) ?? RouteOrder.Priority,
            Retries = ReadRetries(model),
            HoldBackTokens = model.Count("holdBackTokens", 0, MostHoldBack) ?? 0,
            HedgeAfter = model.Duration("hedgeAfter"),
        };
        if (model.Text("alias") is not null)
        {
            foreach (var name in RouteNames.Where(model.Has))
                model.Problem("means nothing beside \"alias\": write it at the name that the alias stands for", name: name);
            return route;
        }
        if (route.Order == RouteOrder.Weighted && attempts.Count > 0 && attempts.All(attempt => attempt.Weight == 0))
            model.Problem("is \"weighted\", but every weight is 0: give at least one attempt a weight of 1 or more", name: "order");
        if (route.HedgeAfter is not null && attempts.Count < 2)
            model.Problem("needs a second attempt to turn to: list at least two under \"attempts\"", name: "hedgeAfter");
        if (route.HedgeAfter == TimeSpan.Zero)
            model.Problem("must be more than nothing, such as \"800ms\": two upstreams would be asked for every request", name: "hedgeAfter");
        return route;
    }

    public static int? ReadRetries(ConfigSection section) => section.Count("retries", 0, MostRetries);

    /// <summary>Null switches the breaker off; what is left away has its usual number.</summary>
    public static BreakerSettings? ReadBreaker(ConfigSection upstream)
    {
        if (upstream.IsNull("breaker"))
            return null;
        var usual = BreakerSettings.Usual;
        if (upstream.Section("breaker") is not { } section)
            return usual;
        var breaker = new BreakerSettings(section.Count("failures", 1, 10_000) ?? usual.Failures, Time(section, "window") ?? usual.Window, Time(section, "open") ?? usual.Open);
        section.Done();
        return breaker;
    }

    private static TimeSpan? Time(ConfigSection section, string name)
    {
        var time = section.Duration(name);
        if (time is { } given && (given < TimeSpan.FromMilliseconds(100) || given > TimeSpan.FromHours(1)))
            section.Problem("must be from \"100ms\" to \"1h\"; \"breaker\": null switches the breaker off", name: name);
        return time;
    }
}
