using Milliways.Hosting.Configuration;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Catalogue;

/// <summary>
/// What is known of a model under a name that is served here: the catalogue's facts of it, or those of what really serves the name, and above them what the
/// operator says (<c>models.NAME</c> and the upstream's <c>prices</c>). Model lists and the checks before an upstream is called read the same facts.
/// </summary>
internal sealed class ModelFacts(EngineFacts engine)
{
    private const int MostAliases = 8;

    /// <param name="table">The routing in effect.</param>
    /// <param name="name">As the caller wrote it.</param>
    /// <param name="upstream">Who answers first when all is well.</param>
    /// <param name="model">The upstream's own name of the model.</param>
    public CatalogueModel Of(RoutingTable table, string name, Upstream upstream, string model)
    {
        var facts = Served(table, upstream, model) with { Id = name };
        // The outermost name says what it says of itself, the names behind it say the rest.
        var chain = new List<ModelConfig>();
        for (var at = name; chain.Count < MostAliases && table.Models.TryGetValue(at, out var config); at = config.Alias)
        {
            chain.Add(config);
            if (config.Alias is null)
                break;
        }
        // An entry under a name of the catalogue overrides only what it names (contract, "Configuration file").
        if (chain.Count > 0 && !upstream.IsEngine && BuiltInModels.Find(chain[^1].Name) is { } builtIn)
            facts = builtIn with { Id = name };
        for (var i = chain.Count - 1; i >= 0; i--)
            facts = Overridden(facts, chain[i]);
        return facts;
    }

    /// <summary>A model of an upstream under the upstream's own name.</summary>
    private CatalogueModel Served(RoutingTable table, Upstream upstream, string model)
    {
        if (upstream.IsEngine)
            return model == table.EngineEmbeddingModel ? engine.Embedding(model) : engine.Chat(model);
        var facts = (upstream.IsXai ? BuiltInModels.Find(model) : null) ?? OfOthers(upstream, model);
        return upstream.PriceOf(model) is { } price ? facts with { Price = price } : facts;
    }

    /// <summary>A maker's own service has its models as they are known; what another host makes of the same name, nobody knows.</summary>
    private static CatalogueModel OfOthers(Upstream upstream, string model)
    {
        var owner = upstream.Preset?.Name ?? upstream.Provider;
        var known = upstream.Preset?.Name is "openai" or "anthropic" or "google" ? KnownModels.Find(model) : null;
        // What runs on the operator's own machines is free unless the operator says otherwise.
        var unknown = new CatalogueModel(model) { Created = 0, Price = upstream.IsOwn ? PriceList.Free : null };
        return (known ?? unknown) with { Id = model, OwnedBy = owner };
    }

    private static CatalogueModel Overridden(CatalogueModel facts, ModelConfig config) => facts with
    {
        Context = config.Context ?? facts.Context,
        MaxOutput = config.MaxOutput ?? facts.MaxOutput,
        Inputs = config.Inputs ?? facts.Inputs,
        InputsAreKnown = config.Inputs is not null || facts.InputsAreKnown,
        Price = config.Price ?? facts.Price,
    };
}
