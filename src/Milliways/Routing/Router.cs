using System.Collections.Concurrent;
using Milliways.Dialects.Chat;
using Milliways.Hosting.Configuration;
using Milliways.Teams;
using Milliways.Upstreams;

namespace Milliways.Routing;

/// <summary>
/// From a model's name to ordered attempts. The first rule that knows the name wins:
/// <list type="number">
/// <item>the operator's <c>models</c> entry (an alias, or attempts);</item>
/// <item><c>upstream/model</c>, which always names one directly;</item>
/// <item>the upstreams that list the name under <c>models</c>, in the file's order;</item>
/// <item>a preset that knows the name's family (<c>grok-*</c>, <c>claude-*</c>);</item>
/// <item>the embedded models by their own names, and the stand-in;</item>
/// <item>a server whose names nobody can know (<c>OPENAI_BASE_URL</c>).</item>
/// </list>
/// </summary>
internal sealed class Router(RoutingTable table)
{
    private const int MostAliases = 8;

    /// <summary>The routes of names that stand in the configuration, made once: callers choose other names, so those are not kept.</summary>
    private readonly ConcurrentDictionary<string, Route> _known = new(StringComparer.Ordinal);

    /// <param name="onlyNamed">
    /// Only what the configuration, or the embedded models, call so: a name's family and servers that take every name do not count.
    /// </param>
    public Reading<Route> Resolve(string name, Operation operation, Team team, bool onlyNamed = false)
    {
        var route = Find(name, operation, team, onlyNamed);
        if (route.IsOk && EngineNames.Refuse(table, route.Value, operation) is { } refusal)
            return refusal;
        return route;
    }

    private Reading<Route> Find(string name, Operation operation, Team team, bool onlyNamed)
    {
        for (var hops = 0; hops < MostAliases; hops++)
        {
            if (!table.Models.TryGetValue(name, out var model) || model.Alias is null)
                return model is not null && model.Attempts.Count > 0 ? _known.GetOrAdd(name, static (_, made) => made.Router.Configured(made.Model), (Router: this, Model: model)) : ByName(name, operation, team, onlyNamed);
            name = model.Alias;
        }
        return Failure.Invalid($"The model \"{name}\" is an alias of itself: correct \"models\" in the configuration.", "model");
    }

    private Route Configured(ModelConfig model)
    {
        var attempts = model.Attempts.Select(attempt =>
            new Attempt(table.Upstreams.Find(attempt.Upstream) ?? RoutingTable.Missing(attempt.Upstream), attempt.Model) { Weight = attempt.Weight });
        var (given, route) = (model.Route, new Route([.. attempts]) { Order = model.Route.Order, HoldBackTokens = model.Route.HoldBackTokens, HedgeAfter = model.Route.HedgeAfter });
        return given.Retries is { } retries ? route with { Retries = retries } : route;
    }

    private Reading<Route> ByName(string name, Operation operation, Team team, bool onlyNamed)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && slash < name.Length - 1 && table.Upstreams.Find(name[..slash]) is { } named)
            return new Route(new Attempt(named, name[(slash + 1)..]));
        return _known.TryGetValue(name, out var known) ? known : ByRule(name, operation, team, onlyNamed);
    }

    private Reading<Route> ByRule(string name, Operation operation, Team team, bool onlyNamed)
    {
        if (Listed(name) is { } listed)
            return listed;
        if (!onlyNamed && table.Upstreams.All.FirstOrDefault(upstream => upstream.OffBecause is null && upstream.Preset?.Serves(name) == true) is { } family)
            return new Route(new Attempt(family, name));
        if (Embedded(name, operation, out var embedded))
            return embedded;
        if (!onlyNamed && table.Upstreams.All.FirstOrDefault(upstream => upstream.ServesAnyModel) is { } any)
            return new Route(new Attempt(any, name));
        // A family's only upstream that is switched off says so itself.
        if (table.Upstreams.All.FirstOrDefault(upstream => upstream.OffBecause is not null && upstream.Preset?.Serves(name) == true) is { } off)
            return new Route(new Attempt(off, name));
        return UnknownModel.Failure(name, team);
    }

    /// <summary>Every upstream that lists the name and is not switched off, in the file's order; one that is off only when it is the only one, to say so.</summary>
    private Route? Listed(string name)
    {
        var all = table.Upstreams.All.Where(upstream => upstream.Models.Contains(name)).ToList();
        var on = all.FindAll(upstream => upstream.OffBecause is null);
        return all.Count == 0 ? null : _known.GetOrAdd(name, new Route([.. (on.Count > 0 ? on : all[..1]).Select(upstream => new Attempt(upstream, name))]));
    }

    /// <summary>The stand-in, where no xAI upstream has taken the name.</summary>
    private bool Embedded(string name, Operation operation, out Reading<Route> answer)
    {
        answer = default;
        var isEmbedding = operation == Operation.Embeddings && StandIn.IsEmbedding(name);
        if (name == StandIn.Vision)
            answer = NoVision;
        else if (name != StandIn.Chat && !isEmbedding && (table.Engine is null || (name != table.EngineModel && name != table.EngineEmbeddingModel)))
            return false;
        else if (table.Engine is not { } engine)
            answer = table.NoEngine(name);
        else if (name == table.EngineModel || name == table.EngineEmbeddingModel)
            answer = new Route(new Attempt(engine, name));
        else if (isEmbedding && table.EngineEmbeddingModel is { } embedding)
            answer = new Route(new Attempt(engine, embedding));
        else if (!isEmbedding && operation != Operation.Embeddings)
            answer = new Route(new Attempt(engine, table.EngineModel));
        else
            return false;
        return true;
    }

    private static Failure NoVision => new(FailureKind.InvalidRequest, FailureParty.Client, "route",
        "No upstream here can see images, so grok-vision-beta cannot be served: set XAI_API_KEY, or name an image-capable model under \"models\" in milliways.json.")
    {
        Param = "model",
    };
}
