using Milliways.Routing;

namespace Milliways.Api;

/// <summary>How the model names of an address become names for routing.</summary>
internal abstract class ModelPrefix
{
    /// <summary>Cloudflare's slug of xAI.</summary>
    public const string Grok = "grok";

    public abstract string RouteName(string model);

    /// <summary>compat's <c>{provider}/{model}</c>: the provider's slug names the upstream that serves it; xAI's own names stay, so that the stand-in can.</summary>
    public sealed class Compat(LiveRouting routing) : ModelPrefix
    {
        public override string RouteName(string model)
        {
            var slash = model.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0)
                return model;
            var (provider, name) = (model[..slash], model[(slash + 1)..]);
            return new Provider(routing, provider).RouteName(name) is var route && (route != name || provider == Grok) ? route : model;
        }
    }

    /// <summary>A provider's own path: its names are bare.</summary>
    public sealed class Provider(LiveRouting routing, string slug) : ModelPrefix
    {
        public override string RouteName(string model)
        {
            var table = routing.Table;
            return slug == Grok && table.Models.ContainsKey(model) ? model // what the operator says of grok's names holds here too
                : table.Upstreams.ForProvider(slug) is { } upstream ? $"{upstream.Name}/{model}"
                : slug == Grok && StandIn.OfGateways.Contains(model) ? StandIn.Chat
                : model;
        }
    }
}
