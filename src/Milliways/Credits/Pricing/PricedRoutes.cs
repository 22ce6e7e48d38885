using System.Runtime.CompilerServices;
using Milliways.Catalogue;
using Milliways.Routing;

namespace Milliways.Credits.Pricing;

/// <summary>The prices of a route's attempts. Attempts nobody has a price for are not made on credit.</summary>
internal sealed class PricedRoutes(LiveRouting routing, ModelFacts facts)
{
    private readonly ConditionalWeakTable<Route, Known> _known = [];

    /// <param name="name">As the caller named the model.</param>
    /// <param name="route">What serves it.</param>
    /// <param name="now">Whose prices count.</param>
    public PricedRoute Of(string name, Route route, DateTimeOffset now)
    {
        if (!_known.TryGetValue(route, out var known) || known.Name != name)
        {
            var table = routing.Table;
            known = new Known(name, [.. route.Attempts.Select(attempt => facts.Of(table, name, attempt.Upstream, attempt.Model))]);
            _known.AddOrUpdate(route, known);
        }
        return known.At(route, now);
    }

    /// <summary>What is known of a route stays the same as long as the route does; its prices change with time.</summary>
    private sealed class Known(string name, IReadOnlyList<CatalogueModel> models)
    {
        private PricedRoute? _last;

        public string Name => name;

        public PricedRoute At(Route route, DateTimeOffset now)
        {
            var last = _last;
            if (last is not null && now < last.Until && now >= last.Since)
                return last;
            return _last = Make(route, now);
        }

        private PricedRoute Make(Route route, DateTimeOffset now)
        {
            var (attempts, prices) = (new List<Attempt>(), new List<ModelPrice>());
            for (var i = 0; i < models.Count; i++)
                if (models[i].Price?.At(now) is { } price)
                {
                    attempts.Add(route.Attempts[i]);
                    prices.Add(price);
                }
            var changes = models.SelectMany(model => model.Price?.Periods ?? []).Select(period => period.From ?? DateTimeOffset.MinValue).ToList();
            return new PricedRoute(attempts.Count == route.Attempts.Count ? route : route with { Attempts = attempts }, prices)
            {
                MaxOutput = models.Max(model => (long?)model.MaxOutput),
                Context = models.Max(model => (long?)model.Context),
                Since = changes.Where(change => change <= now).DefaultIfEmpty(DateTimeOffset.MinValue).Max(),
                Until = changes.Where(change => change > now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min(),
            };
        }
    }
}

/// <summary>A route without the attempts that have no price, and what the others cost.</summary>
/// <param name="Route">May have no attempts left.</param>
/// <param name="Prices">One for each attempt.</param>
internal sealed record PricedRoute(Route Route, IReadOnlyList<ModelPrice> Prices)
{
    /// <summary>Tokens of an answer at most, when any of the models has a known bound.</summary>
    public long? MaxOutput { get; init; }

    public long? Context { get; init; }

    public DateTimeOffset Since { get; init; }

    public DateTimeOffset Until { get; init; }

    /// <summary>Whichever attempt answers, it costs no more than this.</summary>
    public ModelPrice Dearest { get; } = Prices.Count == 1 ? Prices[0] : new ModelPrice
    {
        Input = Most(Prices, price => price.DearestInput),
        Output = Most(Prices, price => price.DearestOutput),
        PerImage = Most(Prices, price => price.PerImage),
        PerCall = Most(Prices, price => price.PerCall),
    };

    public ModelPrice? Of(Attempt attempt)
    {
        for (var i = 0; i < Prices.Count; i++)
            if (ReferenceEquals(Route.Attempts[i], attempt) || Route.Attempts[i].Label == attempt.Label)
                return Prices[i];
        return null;
    }

    /// <summary>By the label that answers carry; null for an upstream that is not of this route.</summary>
    public ModelPrice? Of(string label)
    {
        for (var i = 0; i < Prices.Count; i++)
            if (Route.Attempts[i].Label == label)
                return Prices[i];
        return null;
    }

    private static long Most(IReadOnlyList<ModelPrice> prices, Func<ModelPrice, long> pick) => prices.Count == 0 ? 0 : prices.Max(pick);
}
