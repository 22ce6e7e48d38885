using Milliways.Dialects.Chat;

namespace Milliways.Upstreams;

/// <summary>The wire API an upstream speaks.</summary>
internal enum UpstreamDialect { OpenAiChat, OpenAiResponses, Anthropic, Google }

/// <summary>How an upstream wants its key.</summary>
internal enum AuthStyle { Bearer, XApiKey, XGoogApiKey }

/// <summary>A known provider or server as data: adding an OpenAI-compatible one is a row, not code.</summary>
/// <param name="Name">The preset's name, and the slug under which the gateway serves it.</param>
/// <param name="BaseUrl">Where it answers unless the configuration moves it.</param>
/// <param name="Models">Model names it serves without being listed; a trailing <c>*</c> stands for any rest.</param>
/// <param name="Variable">The stem of its environment variables: <c>XAI</c> gives <c>XAI_API_KEY</c> and <c>XAI_BASE_URL</c>.</param>
/// <param name="Hosted">True for a service on the internet: idle connections live longer, environment proxies are honoured.</param>
internal sealed record Preset(string Name, string BaseUrl, UpstreamDialect Dialect, string[] Models, string Variable, bool Hosted = true)
{
    public AuthStyle Auth => AuthOf(Dialect);

    /// <summary>How a dialect's own maker wants the key.</summary>
    public static AuthStyle AuthOf(UpstreamDialect dialect) => dialect switch
    {
        UpstreamDialect.Anthropic => AuthStyle.XApiKey,
        UpstreamDialect.Google => AuthStyle.XGoogApiKey,
        _ => AuthStyle.Bearer,
    };

    /// <summary>How its wire differs from others of its dialect; what a request of the same dialect carries passes as it is.</summary>
    public UpstreamTraits Traits { get; init; } = UpstreamTraits.Plain;

    /// <summary>The gateway's slug where it is not the preset's name.</summary>
    public string Provider => Name switch { "xai" => "grok", "google" => "google-ai-studio", _ => Name };

    public bool Serves(string model) => Array.Exists(Models, pattern => pattern.EndsWith('*')
        ? model.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal)
        : pattern == model);
}

internal static class Presets
{
    private static readonly Preset[] All =
    [
        new("xai", "https://api.x.ai/v1", UpstreamDialect.OpenAiChat, ["grok-*", "v1"], "XAI") { Traits = new() { LiveSearch = true } },
        new("openai", "https://api.openai.com/v1", UpstreamDialect.OpenAiChat,
            ["gpt-*", "o1*", "o3*", "o4*", "chatgpt-*", "text-embedding-*"], "OPENAI")
        {
            Traits = new() { MaxCompletionTokens = true, SamplingExtensions = false, OpenAiExtensions = true },
        },
        new("anthropic", "https://api.anthropic.com", UpstreamDialect.Anthropic, ["claude-*"], "ANTHROPIC"),
        new("google", "https://generativelanguage.googleapis.com", UpstreamDialect.Google, ["gemini-*"], "GEMINI") { Traits = new() { InlineImages = true } },
        new("mistral", "https://api.mistral.ai/v1", UpstreamDialect.OpenAiChat,
            ["mistral-*", "codestral-*", "ministral-*", "magistral-*", "devstral-*", "pixtral-*"], "MISTRAL"),
        new("groq", "https://api.groq.com/openai/v1", UpstreamDialect.OpenAiChat, [], "GROQ"),
        new("deepseek", "https://api.deepseek.com/v1", UpstreamDialect.OpenAiChat, ["deepseek-*"], "DEEPSEEK"),
        new("openrouter", "https://openrouter.ai/api/v1", UpstreamDialect.OpenAiChat, [], "OPENROUTER"),
        new("together", "https://api.together.xyz/v1", UpstreamDialect.OpenAiChat, [], "TOGETHER"),
        new("cerebras", "https://api.cerebras.ai/v1", UpstreamDialect.OpenAiChat, [], "CEREBRAS"),
        new("ollama", "http://127.0.0.1:11434/v1", UpstreamDialect.OpenAiChat, [], "OLLAMA", Hosted: false) { Traits = new() { InlineImages = true } },
        new("vllm", "http://127.0.0.1:8000/v1", UpstreamDialect.OpenAiChat, [], "VLLM", Hosted: false),
        new("sglang", "http://127.0.0.1:30000/v1", UpstreamDialect.OpenAiChat, [], "SGLANG", Hosted: false),
        new("llama.cpp", "http://127.0.0.1:8080/v1", UpstreamDialect.OpenAiChat, [], "LLAMACPP", Hosted: false),
        new("lmstudio", "http://127.0.0.1:1234/v1", UpstreamDialect.OpenAiChat, [], "LMSTUDIO", Hosted: false),
    ];

    public static IEnumerable<string> Names => All.Select(preset => preset.Name);

    public static IReadOnlyList<Preset> Everything => All;

    public static Preset? Find(string name) => Array.Find(All, preset => preset.Name == name);
}
