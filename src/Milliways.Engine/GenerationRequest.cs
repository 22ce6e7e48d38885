using Milliways.Engine.Scheduling;

namespace Milliways.Engine;

/// <summary>What to generate.</summary>
public sealed record GenerationRequest
{
    public required Prompt Prompt { get; init; }

    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Answer tokens of each choice; null takes the model's default. Fewer when the context ends first.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>At most four texts that end a choice; they are not part of the answer.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>How many answers are made from the one prompt. The default is 1; at most the model's sequences.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Who asks. When requests wait, each key's turn comes round alike, however many it has waiting.</summary>
    public string FairnessKey { get; init; } = "";

    /// <summary>Sees the logits each token is chosen from, on the decode thread.</summary>
    internal LogitProbe? Probe { get; init; }
}
