using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>What an answer says about itself, fixed for its whole length.</summary>
public sealed record OpenAiWriteOptions
{
    public required Flavour Flavour { get; init; }

    /// <summary><c>chatcmpl-...</c> or a UUID.</summary>
    public required string Id { get; init; }

    /// <summary>What the caller sees as the model.</summary>
    public required string Model { get; init; }

    /// <summary>Unix seconds.</summary>
    public required long Created { get; init; }

    /// <summary>The caller asked for <c>stream_options.include_usage</c>.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>Write the matched stop text as <c>stop_reason</c> of its choice, as vLLM does: the dialect itself cannot tell it (dialects 4.10).</summary>
    public bool TellStopSequence { get; init; }

    /// <summary><c>system_fingerprint</c>; absent when null.</summary>
    public string? Fingerprint { get; init; }
}
