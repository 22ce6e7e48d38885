using Milliways.Hosting.Configuration;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Catalogue;

/// <summary>A name that is served here, with what is known of the model that really answers to it.</summary>
internal sealed record ServedModel(CatalogueModel Model, string ServedBy);

/// <summary>
/// What <c>/v1/models</c> and its kin tell: every name that the router would take and that can be known beforehand, with the facts of what really
/// serves it. A stand-in reports its own context and price, not those of the model it stands in for.
/// </summary>
internal sealed class ModelDirectory(RoutingTable table, EngineFacts engine)
{
    private const string NotServed = "none";

    public IReadOnlyList<ServedModel> All()
    {
        var models = new List<ServedModel>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var model in table.Models.Values)
            if (names.Add(model.Name))
                models.Add(Configured(model));
        foreach (var upstream in table.Upstreams.All.Where(upstream => upstream.OffBecause is null))
            foreach (var name in upstream.Models)
                if (names.Add(name))
                    models.Add(new ServedModel(Known(name, upstream), $"{upstream.Name}/{name}"));
        if (table.Upstreams.All.FirstOrDefault(upstream => upstream.Preset?.Name == "xai" && upstream.OffBecause is null) is { } xai)
        {
            foreach (var model in BuiltInModels.All)
                if (names.Add(model.Id))
                    models.Add(new ServedModel(model, $"{xai.Name}/{model.Id}"));
        }
        else if (table.Engine is not null && engine.HasChat && names.Add(StandIn.Chat))
            models.Add(new ServedModel(engine.Chat(StandIn.Chat), $"{Upstream.EngineName}/{table.EngineModel}"));
        if (table.Engine is not null)
        {
            if (engine.HasChat && names.Add(table.EngineModel))
                models.Add(new ServedModel(engine.Chat(table.EngineModel), $"{Upstream.EngineName}/{table.EngineModel}"));
            if (engine.HasEmbedding && table.EngineEmbeddingModel is { } embedding && names.Add(embedding))
                models.Add(new ServedModel(engine.Embedding(embedding), $"{Upstream.EngineName}/{embedding}"));
        }
        return models;
    }

    /// <summary>A model by its name, an alias of it, or <c>upstream/model</c>.</summary>
    public ServedModel? Find(string id)
    {
        var all = All();
        if (all.FirstOrDefault(model => model.Model.Id == id) is { } exact)
            return exact;
        if (all.FirstOrDefault(model => model.Model.Aliases.Contains(id)) is { } alias)
            return alias;
        // Documents name it, so its facts are told; the router tells what is missing to serve it.
        if (id == StandIn.Vision && BuiltInModels.Find(id) is { } vision)
            return new ServedModel(vision, NotServed);
        var slash = id.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || table.Upstreams.Find(id[..slash]) is not { OffBecause: null } upstream)
            return null;
        var name = id[(slash + 1)..];
        var isKnown = upstream.Models.Contains(name) || upstream.Preset?.Serves(name) == true || (upstream.IsEngine && (name == table.EngineModel || name == table.EngineEmbeddingModel));
        return isKnown ? new ServedModel((upstream.IsEngine ? Engine(name) : Known(name, upstream)) with { Id = id }, id) : null;
    }

    private CatalogueModel Engine(string name) => name == table.EngineEmbeddingModel ? engine.Embedding(name) : engine.Chat(name);

    private ServedModel Configured(ModelConfig config)
    {
        // An alias shows the facts of its target; attempts show those of the first one, which is who answers when all is well.
        var first = config.Attempts.Count > 0 ? config.Attempts[0] : default;
        var servedBy = config.Alias ?? $"{first.Upstream}/{first.Model}";
        var basis = BuiltInModels.Find(config.Name)
            ?? (first.Upstream == Upstream.EngineName ? Engine(first.Model) : null)
            ?? new CatalogueModel(config.Name) { OwnedBy = first.Upstream ?? "milliways", Created = 0 };
        return new ServedModel(basis with
        {
            Id = config.Name,
            Context = config.Context ?? basis.Context,
            MaxOutput = config.MaxOutput ?? basis.MaxOutput,
            Inputs = config.Inputs ?? basis.Inputs,
            Price = config.Price is { } price ? ModelPrice.FromDollarsPerMillion(price.Input, price.CachedInput, price.Image, price.Output) : basis.Price,
        }, servedBy);
    }

    private static CatalogueModel Known(string name, Upstream upstream) =>
        (upstream.Preset?.Name == "xai" ? BuiltInModels.Find(name) : null) ?? new CatalogueModel(name) { OwnedBy = upstream.Provider, Created = 0 };
}
