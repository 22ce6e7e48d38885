namespace Milliways.Engine.Scheduling;

/// <summary>A request on its way through the loop.</summary>
internal sealed class Job
{
    internal required Generation Generation { get; init; }
    internal required GenerationRequest Request { get; init; }
    internal required ResolvedSampling Sampling { get; init; }

    /// <summary>Tokens a choice may generate: the request's limit, or what the context leaves.</summary>
    internal required int MaxTokens { get; init; }

    /// <summary>Why a choice ends when it has generated them.</summary>
    internal required FinishReason LimitReason { get; init; }

    /// <summary>The sequences reserved for its choices, in their order.</summary>
    internal int[] Sequences { get; set; } = [];
    internal Choice[] Choices { get; set; } = [];
    internal int ChoicesLeft { get; set; }
    internal int CompletionTokens { get; set; }

    /// <summary>Prompt tokens that are in the key/value cache.</summary>
    internal int Prefilled { get; set; }

    /// <summary>Where the logits after the prompt are found in this step's batch; -1 while the prompt goes on.</summary>
    internal int PromptEnd { get; set; } = -1;

    /// <summary>Whether the step being decoded has a token of this request.</summary>
    internal bool InStep { get; set; }
    internal long StartedAt { get; set; }

    internal int ChoiceCount => Request.Choices;

    /// <summary>
    /// Cells of the key/value cache one choice may fill. The prompt counts for each choice although they share it:
    /// when the cache is moved to a larger one the copies no longer share.
    /// </summary>
    internal int CellsPerChoice => Request.Prompt.Count + MaxTokens;
}
