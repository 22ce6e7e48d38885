using System.Text.Json;
using System.Text.Json.Serialization;
using Milliways.Api;
using Milliways.Catalogue;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Routing;

namespace Milliways.Gateway.Calls;

/// <summary>One model of compat's list (cloudflare 1.6): prices are dollars for a token, null where nobody knows.</summary>
internal sealed record CompatModel(string Id, long CreatedAt, decimal? CostIn, decimal? CostOut, string OwnedBy)
{
    public string Object => "model";
}

internal sealed record CompatModelList(CompatModel[] Data)
{
    public string Object => "list";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CompatModelList))]
internal sealed partial class CompatJson : JsonSerializerContext;

/// <summary>What <c>GET compat/models</c> tells: the models that are known to be served here, under the names that compat takes.</summary>
internal sealed class CompatModels(ModelDirectory directory, ModelAccess access, LiveRouting routing, GrokModels grok, TimeProvider time)
{
    private const decimal TicksPerDollarAndMillion = 1e16m;

    public byte[] Write(ApiKey key)
    {
        var (table, models) = (routing.Table, new SortedDictionary<string, CompatModel>(StringComparer.Ordinal));
        foreach (var served in directory.All().Where(served => access.Allows(key, served.Model.Id)))
        {
            if (served.ServedBy.IndexOf('/', StringComparison.Ordinal) is not (> 0 and var slash) || table.Upstreams.Find(served.ServedBy[..slash]) is not { } upstream)
                continue;
            Add($"{upstream.Provider}/{served.ServedBy[(slash + 1)..]}", served);
        }
        // The names of xAI's that the operator, or the stand-in, has given a meaning here.
        foreach (var (name, served) in grok.Of(key).Where(model => model.Served.ServedBy.Contains('/', StringComparison.Ordinal)))
            Add($"{ModelPrefix.Grok}/{name}", served);
        return JsonSerializer.SerializeToUtf8Bytes(new CompatModelList([.. models.Values]), CompatJson.Default.CompatModelList);

        void Add(string id, ServedModel served)
        {
            var price = served.Model.Price?.At(time.GetUtcNow());
            models.TryAdd(id, new CompatModel(id, served.Model.Created, PerToken(price?.Input), PerToken(price?.Output), served.Model.OwnedBy));
        }
    }

    private static decimal? PerToken(long? ticksPerMillion) => ticksPerMillion / TicksPerDollarAndMillion;
}
