namespace Milliways.Dialects.OpenAiChat;

/// <summary>Which of its two names the output bound has at a Chat upstream (dialects 4.2).</summary>
public enum MaxTokensField { MaxTokens, MaxCompletionTokens }

/// <summary>What differs between Chat upstreams. The defaults suit a plain OpenAI-compatible server.</summary>
public sealed record ChatWriteOptions
{
    /// <summary>The upstream's name of the model.</summary>
    public required string Model { get; init; }

    public MaxTokensField MaxTokensField { get; init; }

    /// <summary>Ask the upstream for usage on streams, whatever the caller asked; false for an upstream that refuses to be asked.</summary>
    public bool StreamOptions { get; init; } = true;

    /// <summary>OpenAI's reasoning models call system turns developer turns.</summary>
    public bool DeveloperRole { get; init; }

    /// <summary>Refuse what would otherwise be mended: missing and orphaned tool results.</summary>
    public bool Strict { get; init; }

    /// <summary>Send thinking of the history back as <c>reasoning_content</c> (DeepSeek wants it on tool turns, THK-07).</summary>
    public bool ReasoningInHistory { get; init; }

    /// <summary>Effort words the upstream knows; empty drops the whole matter.</summary>
    public IReadOnlyList<string> Efforts { get; init; } = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>The upstream takes <c>top_k</c>, <c>min_p</c> and <c>repetition_penalty</c>.</summary>
    public bool SamplingExtensions { get; init; } = true;

    /// <summary>The model refuses temperature, top_p and penalties.</summary>
    public bool NoSampling { get; init; }

    /// <summary>The model refuses frequency_penalty and presence_penalty.</summary>
    public bool NoPenalties { get; init; }

    /// <summary>Custom tools go as they are; otherwise each becomes a function with one text (dialects 4.3).</summary>
    public bool CustomTools { get; init; }

    /// <summary>The upstream knows <c>verbosity</c>.</summary>
    public bool Verbosity { get; init; }

    /// <summary>The upstream knows <c>prompt_cache_key</c>.</summary>
    public bool PromptCacheKey { get; init; }

    /// <summary>The upstream knows xAI's <c>search_parameters</c>.</summary>
    public bool LiveSearch { get; init; }

    /// <summary>Image parts stay inside tool messages.</summary>
    public bool ImagesInToolMessages { get; init; }

    /// <summary>How many stop texts the upstream takes.</summary>
    public int MaxStops { get; init; } = 4;
}
