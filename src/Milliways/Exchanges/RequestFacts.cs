namespace Milliways.Exchanges;

/// <summary>What governing and routing need of a body, read once; the bytes themselves are kept as they came.</summary>
internal sealed record RequestFacts
{
    /// <summary>Of a body that is not looked into.</summary>
    public static RequestFacts None { get; } = new() { Model = "", ModelAt = default, End = 0 };

    public required string Model { get; init; }

    /// <summary>Where the model's JSON text stands in the body, quotes included.</summary>
    public required ByteSpan ModelAt { get; init; }

    public bool Stream { get; init; }

    /// <summary>The caller asked for Chat's usage chunk itself.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>Where the value of <c>stream_options</c> stands, when the body has one.</summary>
    public ByteSpan? StreamOptionsAt { get; init; }

    /// <summary>Where the value of <c>include_usage</c> stands inside it.</summary>
    public ByteSpan? IncludeUsageAt { get; init; }

    /// <summary>Where the value of xAI's <c>deferred</c> stands, when it is true (xai-api 1.3.7).</summary>
    public ByteSpan? DeferredAt { get; init; }

    /// <summary>How many answers are wanted.</summary>
    public int N { get; init; } = 1;

    /// <summary>The most tokens the caller wants of one answer, under whichever name the dialect has for it; null: it does not say.</summary>
    public long? OutputCap { get; init; }

    /// <summary>Where the values stand that say so; more than one in bodies that use an old and a new name.</summary>
    public IReadOnlyList<ByteSpan> OutputCapsAt { get; init; } = [];

    /// <summary>Where Gemini's <c>generationConfig</c> stands, in which such a bound belongs.</summary>
    public ByteSpan? ConfigAt { get; init; }

    /// <summary>Bytes of the prompt's texts as they stand in the body, for an estimate of its tokens.</summary>
    public long PromptBytes { get; init; }

    /// <summary>Messages of the conversation.</summary>
    public int Messages { get; init; }

    /// <summary>The prompt is more than the body has: an earlier answer, a stored conversation or prompt, or what a tool of the upstream finds.</summary>
    public bool HasUnseenInput { get; init; }

    /// <summary>Gemini: the body names files or contexts that are kept in an account at the provider.</summary>
    public bool NamesKept { get; init; }

    /// <summary>A conversation was given, as a list.</summary>
    public bool HasMessages { get; init; }

    /// <summary>Tools were given; not every upstream can use them.</summary>
    public bool HasTools { get; init; }

    /// <summary>Where the text of <c>prompt_cache_key</c> stands.</summary>
    public ByteSpan? CacheKeyAt { get; init; }

    /// <summary>Where the text of <c>metadata.user_id</c> stands.</summary>
    public ByteSpan? UserIdAt { get; init; }

    /// <summary>Where the value of <c>system</c> (Messages) or <c>instructions</c> (Responses) stands.</summary>
    public ByteSpan? SystemAt { get; init; }

    /// <summary>Where the conversation stands up to its first user turn: what its later turns begin with too.</summary>
    public ByteSpan? OpeningAt { get; init; }

    /// <summary>xAI's <c>search_parameters</c> ask for a search, which not every upstream has (xai-api 1.3.5).</summary>
    public bool AsksForSearch { get; init; }

    /// <summary>The offset of the body's closing brace: where a member can be added.</summary>
    public required int End { get; init; }
}

/// <summary>A stretch of a body in bytes.</summary>
internal readonly record struct ByteSpan(int Start, int Length)
{
    public int End => Start + Length;
}
