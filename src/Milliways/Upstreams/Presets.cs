namespace Milliways.Upstreams;

/// <summary>Every provider and server that is known by name. What a row says beside its address is a difference that somebody has met; the source stands beside it.</summary>
internal static class Presets
{
    private static readonly Preset[] All =
    [
        new("xai", "XAI")
        {
            BaseUrl = "https://api.x.ai/v1", Provider = "grok", Models = ["grok-*", "v1"], Responses = true, ResponsesWhenMoved = true,
            Traits = new() { LiveSearch = true },
        },
        new("openai", "OPENAI")
        {
            BaseUrl = "https://api.openai.com/v1", Models = ["gpt-*", "o1*", "o3*", "o4*", "chatgpt-*", "text-embedding-*"], Responses = true,
            Traits = new() { MaxCompletionTokens = true, SamplingExtensions = false, OpenAiExtensions = true },
        },
        new("anthropic", "ANTHROPIC") { BaseUrl = "https://api.anthropic.com", Dialect = UpstreamDialect.Anthropic, Models = ["claude-*"] },
        new("google", "GEMINI")
        {
            BaseUrl = "https://generativelanguage.googleapis.com", Dialect = UpstreamDialect.Google, Provider = "google-ai-studio", Models = ["gemini-*"],
            Traits = new() { InlineImages = true },
        },
        // The base of Azure's v1 API, where the deployment's name is the model (learn.microsoft.com, "API version lifecycle"). The older form is an address
        // too: .../openai/deployments/NAME?api-version=2024-10-21.
        new("azure-openai", "AZURE_OPENAI")
        {
            OwnAuth = AuthStyle.ApiKey, UsualPath = "/openai/v1", Responses = true,
            Traits = new() { MaxCompletionTokens = true, SamplingExtensions = false, OpenAiExtensions = true },
        },
        new("mistral", "MISTRAL")
        {
            BaseUrl = "https://api.mistral.ai/v1", Models = ["mistral-*", "codestral-*", "ministral-*", "magistral-*", "devstral-*", "pixtral-*"],
            Traits = new()
            {
                // Unknown members are a 422 "extra_forbidden"; seed is called random_seed there (its API reference, ChatCompletionRequest).
                // stream_options too, while usage always comes (dnakov/anon-kode #53), and messages' names (Gage-Technologies/mistral-go #2).
                StreamOptions = false,
                SamplingExtensions = false,
                Refuses = ["user", "name", "seed", "logit_bias", "logprobs", "service_tier"],
                Efforts = [],
                // "Tool call id ... must be a-z, A-Z, 0-9, with a length of 9."
                NineLetterCallIds = true,
            },
        },
        new("groq", "GROQ")
        {
            BaseUrl = "https://api.groq.com/openai/v1",
            // console.groq.com/docs/openai, "Currently Unsupported OpenAI Features".
            Traits = new() { SamplingExtensions = false, Refuses = ["logprobs", "logit_bias", "name", "n"] },
        },
        new("deepseek", "DEEPSEEK")
        {
            BaseUrl = "https://api.deepseek.com/v1", Models = ["deepseek-*"],
            // dialects 4.9; THK-07.
            Traits = new() { ReasoningInHistory = true },
        },
        new("openrouter", "OPENROUTER") { BaseUrl = "https://openrouter.ai/api/v1" },
        new("together", "TOGETHER") { BaseUrl = "https://api.together.xyz/v1" },
        new("cerebras", "CEREBRAS")
        {
            BaseUrl = "https://api.cerebras.ai/v1",
            // inference-docs.cerebras.ai/resources/openai: fields that result in a 400.
            Traits = new() { SamplingExtensions = false, Refuses = ["frequency_penalty", "presence_penalty", "logit_bias", "service_tier", "parallel_tool_calls"] },
        },
        new("perplexity", "PERPLEXITY")
        {
            BaseUrl = "https://api.perplexity.ai", Provider = "perplexity-ai", Models = ["sonar*"],
            // 400 "After the (optional) system message(s), user or tool message(s) should alternate with assistant message(s)" (perplexityai/api-discussion #265).
            Traits = new() { AlternatingTurns = true },
        },
        new("ollama", "OLLAMA") { BaseUrl = "http://127.0.0.1:11434/v1", Hosted = false, Traits = new() { InlineImages = true } },
        new("vllm", "VLLM") { BaseUrl = "http://127.0.0.1:8000/v1", Hosted = false },
        new("sglang", "SGLANG") { BaseUrl = "http://127.0.0.1:30000/v1", Hosted = false },
        new("llama.cpp", "LLAMACPP") { BaseUrl = "http://127.0.0.1:8080/v1", Hosted = false },
        new("lmstudio", "LMSTUDIO") { BaseUrl = "http://127.0.0.1:1234/v1", Hosted = false },
    ];

    public static IEnumerable<string> Names => All.Select(preset => preset.Name);

    public static IReadOnlyList<Preset> Everything => All;

    public static Preset? Find(string name) => Array.Find(All, preset => preset.Name == name);
}
