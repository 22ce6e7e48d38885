namespace Milliways.Engine;

/// <summary>
/// What happens in a generation, in this order: <see cref="Started"/>; for each choice any number of <see cref="Text"/> and one
/// <see cref="Finished"/>; then <see cref="Ended"/>. <see cref="Failed"/> can end it at any point. A generation cancelled while it waited has no
/// Started.
/// </summary>
public abstract record GenerationEvent
{
    private GenerationEvent()
    {
    }

    /// <summary>It left the queue and its prompt is being processed.</summary>
    public sealed record Started : GenerationEvent
    {
        internal static readonly Started Instance = new();
    }

    /// <summary>More of a choice's answer: never part of a character, never part of what may become a stop sequence.</summary>
    /// <param name="Choice">Which answer, counted from 0.</param>
    /// <param name="Value">The text.</param>
    /// <param name="Tokens">How many tokens were generated since the last text of this choice.</param>
    public sealed record Text(int Choice, string Value, int Tokens) : GenerationEvent;

    /// <summary>A choice is complete.</summary>
    /// <param name="Choice">Which answer, counted from 0.</param>
    /// <param name="Reason">Why it ended.</param>
    /// <param name="StopSequence">Which stop sequence ended it, if one did.</param>
    /// <param name="CompletionTokens">Tokens generated for it, a stop sequence's included, the end-of-generation token not.</param>
    public sealed record Finished(int Choice, FinishReason Reason, string? StopSequence, int CompletionTokens) : GenerationEvent;

    /// <summary>All choices are complete.</summary>
    public sealed record Ended(GenerationUsage Usage) : GenerationEvent;

    /// <summary>The engine could not go on. The text is for the operator.</summary>
    public sealed record Failed(string Reason) : GenerationEvent;
}

/// <summary>Why a choice ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended it.</summary>
    Stop,

    /// <summary>A stop sequence came up.</summary>
    StopSequence,

    /// <summary>The limit of tokens was reached.</summary>
    MaxTokens,

    /// <summary>The context was full before the limit.</summary>
    ContextFull,

    /// <summary>The caller cancelled.</summary>
    Cancelled,
}

/// <summary>What a generation used, in tokens. The prompt counts once, however many choices were made from it.</summary>
public readonly record struct GenerationUsage(int PromptTokens, int CompletionTokens);
