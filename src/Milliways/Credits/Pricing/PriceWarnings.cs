using Milliways.Catalogue;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Credits.Pricing;

/// <summary>Tells at the start which upstreams cannot be used on credit, before their first caller is refused.</summary>
internal sealed class PriceWarnings(LiveRouting routing, ModelFacts facts)
{
    private static readonly string[] Known = ["xai", "openai", "anthropic", "google"];

    public IEnumerable<string> All()
    {
        var table = routing.Table;
        foreach (var upstream in table.Upstreams.All)
            if (upstream is { OffBecause: null, IsOwn: false, IsEngine: false } && upstream.Prices.Count == 0 && !IsPriced(table, upstream))
                yield return $"upstreams.{upstream.Name} has no prices, so its models are refused on credit: give it \"prices\": {{ \"*\": {{ \"input\": \"0\", \"output\": \"0\" }} }} if they are free, or start with --governance off";
    }

    private bool IsPriced(RoutingTable table, Upstream upstream) =>
        (upstream.Models.Count == 0 && Known.Contains(upstream.Preset?.Name))
        || upstream.Models.Any(model => facts.Of(table, model, upstream, model).Price is not null)
        || table.Models.Values.Any(model => model.Price is not null && model.Attempts.Any(attempt => attempt.Upstream == upstream.Name));
}
