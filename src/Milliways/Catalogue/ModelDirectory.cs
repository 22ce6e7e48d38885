using Milliways.Routing;
using Milliways.Teams;
using Milliways.Upstreams;

namespace Milliways.Catalogue;

/// <summary>A name that is served here, with what is known of the model that really answers to it.</summary>
internal sealed record ServedModel(CatalogueModel Model, string ServedBy);

/// <summary>
/// What <c>/v1/models</c> and its kin tell: every name that the router would take and that can be known beforehand, with the facts of what really
/// serves it. A stand-in reports its own context and price, not those of the model it stands in for.
/// </summary>
internal sealed class ModelDirectory(LiveRouting routing, ModelFacts facts, EngineFacts embedded)
{
    private const string NotServed = "none";

    public IReadOnlyList<ServedModel> All()
    {
        var (table, router) = (routing.Current.Table, routing.Current.Router);
        var models = new List<ServedModel>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var model in table.Models.Values)
            if (names.Add(model.Name))
                models.Add(Routed(table, router, model.Name));
        foreach (var upstream in table.Upstreams.All.Where(upstream => upstream.OffBecause is null))
            foreach (var name in upstream.Models)
                Add(name, upstream, name);
        if (table.Upstreams.All.FirstOrDefault(upstream => upstream.IsXai && upstream.OffBecause is null && upstream.Preset is not null) is { } xai)
        {
            foreach (var model in BuiltInModels.All)
                Add(model.Id, xai, model.Id);
        }
        else if (table.Engine is { } standIn && embedded.HasChat)
            Add(StandIn.Chat, standIn, table.EngineModel);
        if (table.Engine is { } engine)
        {
            if (embedded.HasChat)
                Add(table.EngineModel, engine, table.EngineModel);
            if (embedded.HasEmbedding && table.EngineEmbeddingModel is { } embedding)
                Add(embedding, engine, embedding);
        }
        return models;

        void Add(string name, Upstream upstream, string model)
        {
            if (names.Add(name))
                models.Add(Served(table, name, upstream, model));
        }
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
        var table = routing.Table;
        var slash = id.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || table.Upstreams.Find(id[..slash]) is not { OffBecause: null } upstream)
            return null;
        var name = id[(slash + 1)..];
        var isKnown = upstream.Models.Contains(name) || upstream.Preset?.Serves(name) == true || (upstream.IsEngine && (name == table.EngineModel || name == table.EngineEmbeddingModel));
        return isKnown ? Served(table, id, upstream, name) : null;
    }

    private ServedModel Served(RoutingTable table, string name, Upstream upstream, string model) =>
        new(facts.Of(table, name, upstream, model), $"{upstream.Name}/{model}");

    /// <summary>A name of the operator's: who answers when all is well is the first attempt of its route.</summary>
    private ServedModel Routed(RoutingTable table, Router router, string name)
    {
        var route = router.Resolve(name, Operation.Chat, Nobody);
        return route.IsOk && route.Value.Attempts is [var first, ..]
            ? Served(table, name, first.Upstream, first.Model)
            : new ServedModel(new CatalogueModel(name) { OwnedBy = NotServed, Created = 0 }, NotServed);
    }

    /// <summary>Lists are the same for all teams; a team is only named in the refusal of an unknown name.</summary>
    private static readonly Team Nobody = new(Guid.Empty, "");
}
