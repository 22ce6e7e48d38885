using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>How the model names of an address become names for routing.</summary>
internal abstract class ModelPrefix
{
    public abstract string RouteName(string model);

    /// <summary>compat's <c>{provider}/{model}</c>: the provider's slug names the upstream that serves it; xAI's own names stay, so that the stand-in can.</summary>
    public sealed class Compat(UpstreamSet upstreams) : ModelPrefix
    {
        public override string RouteName(string model)
        {
            var slash = model.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0)
                return model;
            var (provider, name) = (model[..slash], model[(slash + 1)..]);
            if (upstreams.ForProvider(provider) is { } upstream)
                return $"{upstream.Name}/{name}";
            return provider == "grok" ? name : model;
        }
    }

    /// <summary>A provider's own path: its names are bare.</summary>
    public sealed class Provider(UpstreamSet upstreams, string slug) : ModelPrefix
    {
        public override string RouteName(string model) => upstreams.ForProvider(slug) is { } upstream ? $"{upstream.Name}/{model}" : model;
    }
}
