using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Milliways.Catalogue;
using Milliways.Hosting.Configuration;
using Milliways.Limits.Counting;
using Milliways.Routing;

namespace Milliways.Limits;

/// <summary>
/// The limits of a model's name: those of every entry on its way (<c>models.NAME.limits</c>), so that an alias is no way around the name behind it, and the
/// catalogue's of the model that serves it. Where the embedded engine comes first nothing of the catalogue counts (design §4, "Limits").
/// </summary>
internal sealed class ModelLimits(LiveRouting routing)
{
    private const int MostAliases = 8;

    /// <summary>Callers choose names too: those beyond this many are looked up each time.</summary>
    private const int MostNames = 4096;

    /// <summary>One configuration's answers; they go with it.</summary>
    private readonly ConditionalWeakTable<RoutingTable, ConcurrentDictionary<string, ScopedLimits[]>> _known = [];

    public ScopedLimits[] Of(string name, Route route)
    {
        var table = routing.Table;
        var known = _known.GetValue(table, static _ => new ConcurrentDictionary<string, ScopedLimits[]>(StringComparer.Ordinal));
        if (known.TryGetValue(name, out var found))
            return found;
        found = Find(table, name, route.Attempts[0]);
        if (known.Count < MostNames)
            known[name] = found;
        return found;
    }

    private static ScopedLimits[] Find(RoutingTable table, string name, Attempt first)
    {
        var scopes = new List<ScopedLimits>();
        var at = name;
        for (var hops = 0; hops < MostAliases && table.Models.TryGetValue(at, out var entry); hops++)
        {
            Add(at, Over(entry.Limits, first.Upstream.IsEngine ? null : BuiltInModels.Find(at)));
            if (entry.Alias is null)
                break;
            at = entry.Alias;
        }
        // The catalogue's name of what xAI serves, whatever it is called here: another name is no way around the limit.
        var model = first.Upstream.IsEngine ? null : BuiltInModels.Find(at) ?? (first.Upstream.IsXai ? BuiltInModels.Find(first.Model) : null);
        if (model is not null)
            Add(model.Id, Over(table.Models.GetValueOrDefault(model.Id)?.Limits, model));
        return [.. scopes];

        void Add(string scope, LimitSet limits)
        {
            if (!limits.IsEmpty && !scopes.Exists(one => one.Name.Name == scope))
                scopes.Add(new ScopedLimits(ScopeName.Model(scope), limits));
        }
    }

    /// <summary>What an entry names replaces the catalogue's, null switches off, the rest stays.</summary>
    private static LimitSet Over(LimitSetOverride? own, CatalogueModel? model)
    {
        var defaults = model?.Limits ?? LimitSet.None;
        if (own is null)
            return defaults;
        var (limits, named) = (own.Limits, own.Named);
        return new LimitSet
        {
            RequestsPerSecond = named.Contains(LimitNames.RequestsPerSecond) ? limits.RequestsPerSecond : defaults.RequestsPerSecond,
            RequestsPerMinute = named.Contains(LimitNames.RequestsPerMinute) ? limits.RequestsPerMinute : defaults.RequestsPerMinute,
            RequestsPerHour = named.Contains(LimitNames.RequestsPerHour) ? limits.RequestsPerHour : defaults.RequestsPerHour,
            TokensPerMinute = named.Contains(LimitNames.TokensPerMinute) ? limits.TokensPerMinute : defaults.TokensPerMinute,
            Concurrent = named.Contains(LimitNames.Concurrent) ? limits.Concurrent : defaults.Concurrent,
        };
    }
}
