using System.Buffers;

namespace Milliways.Dialects.Chat;

/// <summary>One dialect as upstreams speak it: neutral requests to its bytes, its answers to neutral events. Without state; shared by all requests.</summary>
public interface IUpstreamDialect
{
    /// <summary>
    /// Writes the body of a request. A failure names what the dialect or the model cannot express and the caller would miss; then nothing written can
    /// be used. What is harmlessly left out is named in <paramref name="dropped"/>. The same request gives the same bytes (dialects 4.0 rule 5).
    /// </summary>
    Failure? WriteRequest(ChatRequest request, UpstreamTarget target, IBufferWriter<byte> body, ICollection<string> dropped);

    IStreamReader NewStreamReader();

    /// <summary>A whole answer to the events its stream would have given, <see cref="ChatEvent.Completed"/> or <see cref="ChatEvent.Failed"/> included.</summary>
    void ReadAnswer(ReadOnlySpan<byte> body, IChatEventSink sink);

    /// <summary>An answer with an error status (dialects 4.13).</summary>
    Failure ReadError(int status, ReadOnlySpan<byte> body, string? retryAfter);
}

/// <summary>What a request is written for: the upstream's name of the model, and how this upstream differs from others of its dialect.</summary>
public sealed record UpstreamTarget(string Model)
{
    /// <summary>Refuse what would otherwise be mended: missing and orphaned tool results, arguments that are no object.</summary>
    public bool Strict { get; init; }

    public UpstreamTraits Traits { get; init; } = UpstreamTraits.Plain;

    /// <summary>The most tokens the model gives in one answer, where the catalogue knows it: what dialects need that cannot leave the bound away.</summary>
    public int? MaxOutput { get; init; }
}

/// <summary>How upstreams of one dialect differ, as data that a preset carries. The defaults suit a plain OpenAI-compatible server.</summary>
public sealed record UpstreamTraits
{
    public static UpstreamTraits Plain { get; } = new();

    /// <summary>Chat: the output bound is <c>max_completion_tokens</c>, for those that refuse <c>max_tokens</c> (dialects 4.2).</summary>
    public bool MaxCompletionTokens { get; init; }

    /// <summary>Chat: takes <c>top_k</c>, <c>min_p</c> and <c>repetition_penalty</c>.</summary>
    public bool SamplingExtensions { get; init; } = true;

    /// <summary>Chat: wants reasoning of the history back as <c>reasoning_content</c> (DeepSeek on tool turns, THK-07).</summary>
    public bool ReasoningInHistory { get; init; }

    /// <summary>Chat: knows custom tools and <c>verbosity</c>; others would refuse or ignore them.</summary>
    public bool OpenAiExtensions { get; init; }

    /// <summary>Chat: knows xAI's <c>search_parameters</c>.</summary>
    public bool LiveSearch { get; init; }

    /// <summary>Chat: images may stand in tool messages.</summary>
    public bool ImagesInToolMessages { get; init; }

    /// <summary>Takes images themselves, never their addresses: they are fetched before the request is written.</summary>
    public bool InlineImages { get; init; }

    /// <summary>Words of <c>reasoning_effort</c> it knows; empty drops the whole matter.</summary>
    public IReadOnlyList<string> Efforts { get; init; } = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>The most stop texts it takes.</summary>
    public int MaxStops { get; init; } = 4;

    /// <summary>Chat: takes <c>stream_options</c>. Who does not sends usage unasked, or never.</summary>
    public bool StreamOptions { get; init; } = true;

    /// <summary>
    /// Chat: members that it answers with an error: <c>user</c>, <c>name</c> (of messages), <c>seed</c>, <c>logit_bias</c>, <c>logprobs</c>,
    /// <c>frequency_penalty</c>, <c>presence_penalty</c>, <c>service_tier</c>, <c>parallel_tool_calls</c>, <c>n</c>. A request that crosses is written without them.
    /// </summary>
    public IReadOnlyList<string> Refuses { get; init; } = [];

    /// <summary>Chat: behind the system turns, user and assistant must alternate.</summary>
    public bool AlternatingTurns { get; init; }

    /// <summary>Chat: the id of a tool call must be nine letters and digits.</summary>
    public bool NineLetterCallIds { get; init; }
}
