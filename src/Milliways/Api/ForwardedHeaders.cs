using Milliways.Dialects.Chat;
using Milliways.Engines;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>The caller's headers that mean something to an upstream of the same dialect; credentials and telemetry never go on.</summary>
internal static class ForwardedHeaders
{
    private const string AnthropicVersion = "2023-06-01";

    private static readonly (string, string)[] AnthropicVersionOnly = [("anthropic-version", AnthropicVersion)];

    private static readonly (string, string)[] EngineXai = [(EngineHeaders.Flavour, "xai")];
    private static readonly (string, string)[] EngineOpenAi = [(EngineHeaders.Flavour, "openai")];

    /// <summary>For the engine when the answer crosses to Messages, whose stop_sequence only the engine knows.</summary>
    public static readonly (string, string)[] EngineFromMessages = [(EngineHeaders.Flavour, "openai"), (EngineHeaders.TellStop, "true")];

    /// <summary>For an upstream of another dialect than the caller's: nothing of one vendor's goes to another (dialects 2.1).</summary>
    public static IReadOnlyList<(string Name, string Value)> Crossing(IHeaderDictionary headers, Upstream upstream) => upstream.Dialect switch
    {
        UpstreamDialect.Anthropic => AnthropicVersionOnly,
        UpstreamDialect.OpenAiChat => ToChat(headers, upstream, Flavour.OpenAi),
        _ => [],
    };

    public static IReadOnlyList<(string Name, string Value)> ToChat(IHeaderDictionary headers, Upstream upstream, Flavour flavour)
    {
        if (upstream.IsEngine)
            return flavour == Flavour.Xai ? EngineXai : EngineOpenAi;
        // Conversation affinity of xAI's prompt cache (xai-api 1.1).
        return upstream.IsXai && headers.TryGetValue("x-grok-conv-id", out var conversation) ? [("x-grok-conv-id", conversation.ToString())] : [];
    }

    /// <summary>The version is required by Anthropic; betas are an open list and go on verbatim (dialects 2.1).</summary>
    public static IReadOnlyList<(string Name, string Value)> ToAnthropic(IHeaderDictionary headers)
    {
        var version = headers.TryGetValue("anthropic-version", out var given) && given.Count > 0 ? given.ToString() : AnthropicVersion;
        return headers.TryGetValue("anthropic-beta", out var beta) && beta.Count > 0
            ? [("anthropic-version", version), ("anthropic-beta", string.Join(',', beta.ToArray()))]
            : [("anthropic-version", version)];
    }
}
