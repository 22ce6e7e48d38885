using System.Collections.Frozen;
using Milliways.Dialects.Chat;
using Milliways.Upstreams;

namespace Milliways.Gateway.Providers;

/// <summary>Every provider of Cloudflare's list (cloudflare 1.3). What a row says beside its address is a difference; hosts that no source confirms are named as such.</summary>
internal static class ProviderTable
{
    private static readonly string[] V1 = ["v1/"];

    private static readonly Provider[] All =
    [
        new("openai", "https://api.openai.com/v1") { Strips = V1, ChatBase = "https://api.openai.com/v1", Responses = true },
        new("grok", "https://api.x.ai/v1") { Strips = V1, ChatBase = "https://api.x.ai/v1", Responses = true, Messages = true, Aliases = ["xai"] },
        new("anthropic", "https://api.anthropic.com")
        {
            Dialect = UpstreamDialect.Anthropic, Key = ("x-api-key", ""), ChatBase = "https://api.anthropic.com",
            // The Vercel provider posts to {baseURL}/messages.
            Rewrite = rest => rest.StartsWith("messages", StringComparison.Ordinal) ? "v1/" + rest : rest,
        },
        new("google-ai-studio", "https://generativelanguage.googleapis.com") { Dialect = UpstreamDialect.Google, Key = ("x-goog-api-key", ""), ChatBase = "https://generativelanguage.googleapis.com" },
        new("google-vertex-ai", null) { Map = MappedProviders.Vertex, KeyForm = KeyForm.ServiceAccount }, // on compat the key says where
        new("azure-openai", null) { Map = MappedProviders.Azure, Key = ("api-key", "") },
        new("aws-bedrock", null) { Map = MappedProviders.Bedrock, KeyForm = KeyForm.Aws, ChatBase = "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1" },
        // The account in Cloudflare's addresses is the operator's there, which nobody but the operator knows.
        new("workers-ai", null) { Rewrite = MappedProviders.WorkersAi },
        new("groq", "https://api.groq.com/openai/v1") { Strips = ["openai/v1/", "v1/"], ChatBase = "https://api.groq.com/openai/v1" },
        new("mistral", "https://api.mistral.ai") { ChatBase = "https://api.mistral.ai/v1" },
        new("deepseek", "https://api.deepseek.com") { ChatBase = "https://api.deepseek.com" },
        new("openrouter", "https://openrouter.ai/api/v1") { Strips = V1, ChatBase = "https://openrouter.ai/api/v1" },
        new("perplexity-ai", "https://api.perplexity.ai") { ChatBase = "https://api.perplexity.ai", Aliases = ["perplexity"] },
        new("cohere", "https://api.cohere.ai/v1") { Strips = V1, ChatBase = "https://api.cohere.ai/compatibility/v1" },
        new("huggingface", "https://api-inference.huggingface.co/models"),
        new("replicate", "https://api.replicate.com/v1") { Strips = V1 },
        new("cerebras", "https://api.cerebras.ai/v1") { Strips = V1, ChatBase = "https://api.cerebras.ai/v1" },
        new("baseten", "https://inference.baseten.co/v1") { Strips = V1, Map = MappedProviders.Baseten, ChatBase = "https://inference.baseten.co/v1" }, // host of the OpenAI-shaped paths: unconfirmed
        new("parallel", "https://api.parallel.ai") { Key = ("x-api-key", ""), ChatBase = "https://api.parallel.ai" }, // host: unconfirmed
        new("fal", "https://fal.run") { Key = ("Authorization", "Key ") },
        new("deepgram", "https://api.deepgram.com") { Key = ("Authorization", "Token ") },
        new("elevenlabs", "https://api.elevenlabs.io") { Key = ("xi-api-key", "") },
        new("cartesia", "https://api.cartesia.ai") { Key = ("X-API-Key", "") },
        new("ideogram", "https://api.ideogram.ai") { Key = ("Api-Key", "") },
        new("fireworks", "https://api.fireworks.ai/inference/v1") { Strips = V1, ChatBase = "https://api.fireworks.ai/inference/v1" },
        new("adobe-firefly", null), // named in Cloudflare's list, its host is not
    ];

    private static readonly FrozenDictionary<string, Provider> BySlug = All.ToFrozenDictionary(provider => provider.Slug, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Provider> ByAlias =
        All.SelectMany(provider => provider.Aliases.Select(alias => (alias, provider))).ToFrozenDictionary(pair => pair.alias, pair => pair.provider, StringComparer.Ordinal);

    public static IReadOnlyList<Provider> Everything => All;

    public static Provider? Find(string slug) => BySlug.GetValueOrDefault(slug);

    /// <summary>By the word before the slash of compat's model names, which has a few more forms.</summary>
    public static Provider? ForModel(string word) => Find(word) ?? ByAlias.GetValueOrDefault(word);

    /// <summary>The address of a call by the table alone.</summary>
    /// <param name="rest">The path behind the slug, without its first slash, as it was written.</param>
    public static Reading<MappedAddress> AddressOf(Provider provider, string rest)
    {
        rest = provider.Rewrite?.Invoke(rest) ?? rest;
        if (provider.Map is { } map && map(rest) is var mapped && (!mapped.IsOk || mapped.Value.Base.Length > 0))
            return mapped;
        if (provider.Base is null)
            return GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoProvider,
                $"Invalid provider: the address of {provider.Slug} is not known here. The operator can name it: an upstream with \"provider\": \"{provider.Slug}\" and its \"baseUrl\".");
        return new MappedAddress(provider.Base, Behind(Strip(provider, rest)));
    }

    /// <summary>The path behind the address that the operator has given for the provider: what that address ends with already is left out.</summary>
    public static Reading<MappedAddress> AddressBehind(Provider? provider, string rest, UpstreamAddress address)
    {
        if (provider?.Rewrite is { } rewrite)
            rest = rewrite(rest);
        if (provider?.Map is { } map && map(rest) is var mapped && (!mapped.IsOk || mapped.Value.Base.Length > 0))
            return mapped.IsOk ? new MappedAddress(address.Origin, mapped.Value.Path) : mapped;
        if (provider is not null)
            rest = Strip(provider, rest);
        // An address ends with a version where the provider's SDK wants it to; a path that begins with the same would have it twice.
        var last = address.BasePath[(address.BasePath.LastIndexOf('/') + 1)..];
        if (last.Length > 1 && last[0] == 'v' && char.IsAsciiDigit(last[1]) && rest.StartsWith(last + "/", StringComparison.Ordinal))
            rest = rest[(last.Length + 1)..];
        return new MappedAddress(address.Origin + address.BasePath, Behind(rest));
    }

    private static string Strip(Provider provider, string rest)
    {
        foreach (var prefix in provider.Strips)
            if (rest.StartsWith(prefix, StringComparison.Ordinal))
                return rest[prefix.Length..];
        return rest;
    }

    private static string Behind(string rest) => rest.Length == 0 ? "" : "/" + rest;
}
