namespace Milliways.Dialects.Anthropic;

/// <summary>What an answer says about itself, fixed for its whole length.</summary>
public sealed record AnthropicWriteOptions
{
    /// <summary><c>msg_...</c></summary>
    public required string Id { get; init; }

    /// <summary>What the caller sees as the model.</summary>
    public required string Model { get; init; }

    /// <summary>
    /// An estimate of the prompt's tokens for <c>message_start</c>, where the upstream's count is not known yet; never 0 for a prompt with content
    /// (dialects 4.11, USG-06).
    /// </summary>
    public long InputEstimate { get; init; } = 1;

    /// <summary>The client knows <c>model_context_window_exceeded</c>.</summary>
    public bool KnowsContextFull { get; init; }
}
