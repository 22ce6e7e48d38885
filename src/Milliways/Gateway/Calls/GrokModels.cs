using System.Text.Json;
using Milliways.Api;
using Milliways.Catalogue;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Routing;

namespace Milliways.Gateway.Calls;

/// <summary>What answers to Grok's names here; without an xAI upstream that is the stand-in, and then it is told by <c>grok/models</c> too, in xAI's form.</summary>
internal sealed class GrokModels(ModelDirectory directory, ModelAccess access, LiveRouting routing)
{
    /// <summary>The names behind <c>grok/</c>, those of the stand-in included that only a gateway's addresses take.</summary>
    public IEnumerable<(string Name, ServedModel Served)> Of(ApiKey key)
    {
        var isStandIn = routing.Table.Upstreams.ForProvider(ModelPrefix.Grok) is null;
        foreach (var served in directory.All())
        {
            if (!served.Model.Id.StartsWith(ModelPrefix.Grok, StringComparison.Ordinal) || !access.Allows(key, served.Model.Id))
                continue;
            yield return (served.Model.Id, served);
            foreach (var name in isStandIn && served.Model.Id == StandIn.Chat ? StandIn.OfGateways : [])
                yield return (name, served);
        }
    }

    /// <summary>The answer of <c>models</c> and <c>models/{id}</c>, with or without <c>v1/</c>; null: there is no such model, or path.</summary>
    public byte[]? Write(ApiKey key, string rest)
    {
        var path = rest.TrimEnd('/');
        path = path.StartsWith("v1/", StringComparison.Ordinal) ? path[3..] : path;
        var items = Of(key).Select(model => ModelItem.Of(model.Served) with { Id = model.Name }).DistinctBy(item => item.Id).ToArray();
        if (path == "models")
            return JsonSerializer.SerializeToUtf8Bytes(new ModelList(items), ApiJson.Default.ModelList);
        var id = Uri.UnescapeDataString(path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        return Array.Find(items, item => item.Id == id) is { } one ? JsonSerializer.SerializeToUtf8Bytes(one, ApiJson.Default.ModelItem) : null;
    }
}
