namespace Milliways.Engine;

/// <summary>The answer to a request: a generation, or why there is none.</summary>
public readonly record struct GenerationAdmission
{
    private GenerationAdmission(Generation? generation, Refusal? refusal)
    {
        Generation = generation;
        Refusal = refusal;
    }

    /// <summary>Null when refused.</summary>
    public Generation? Generation { get; }

    /// <summary>Null when admitted.</summary>
    public Refusal? Refusal { get; }

    internal static GenerationAdmission Admit(Generation generation) => new(generation, null);

    internal static GenerationAdmission Refuse(Refusal refusal) => new(null, refusal);
}

/// <summary>Why the engine does not take a request. The text may be shown to the caller.</summary>
public abstract record Refusal(string Text)
{
    /// <summary>As many requests as may wait are waiting.</summary>
    /// <param name="RetryAfter">When a place is likely free, from how long requests took of late; whole seconds, at least one.</param>
    public sealed record QueueFull(TimeSpan RetryAfter) : Refusal("The engine is busy and its queue is full; try again later.");

    /// <summary>The prompt leaves no room for an answer.</summary>
    /// <param name="PromptTokens">The prompt's length.</param>
    /// <param name="Limit">Tokens of the context, prompt and answer together.</param>
    /// <param name="Input">Which of several inputs, counted from 0; null when there is one.</param>
    public sealed record ContextExceeded(int PromptTokens, int Limit, int? Input = null) : Refusal(Input is null
        ? $"The prompt has {PromptTokens} tokens; the model's context holds {Limit}, the answer included."
        : $"Input {Input} has {PromptTokens} tokens; the model takes at most {Limit}.");

    /// <summary>A parameter's value cannot be used.</summary>
    public sealed record InvalidParameter(string Name, string Text) : Refusal(Text);

    /// <summary>The model is being unloaded.</summary>
    public sealed record Closed() : Refusal("The model is being unloaded.");
}
