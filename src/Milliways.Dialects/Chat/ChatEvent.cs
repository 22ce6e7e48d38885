namespace Milliways.Dialects.Chat;

/// <summary>
/// What an answer is made of, in order, whatever dialect it came in. A stream reader gives these, a stream writer and the fold take them.
/// Order: <see cref="Started"/> once, then content events of any choice, <see cref="Finished"/> once a choice, <see cref="UsageReported"/> at any time
/// (the last one counts), then exactly one of <see cref="Completed"/> and <see cref="Failed"/>.
/// </summary>
public abstract record ChatEvent
{
    private ChatEvent() { }

    /// <summary>The first thing known of an answer. <see cref="Created"/> is Unix seconds, 0 when the upstream's dialect has none.</summary>
    public sealed record Started(string Id, string Model, long Created) : ChatEvent
    {
        public string? Fingerprint { get; init; }
    }

    /// <summary>A piece of text; <see cref="Logprobs"/> are those of its tokens, when they were asked for and the upstream gave them.</summary>
    public sealed record TextDelta(int Choice, string Text) : ChatEvent
    {
        public IReadOnlyList<TokenLogprob> Logprobs { get; init; } = [];
    }

    /// <summary>A source of the text before it.</summary>
    public sealed record Cited(int Choice, ChatCitation Citation) : ChatEvent;

    public sealed record ReasoningDelta(int Choice, string Text) : ChatEvent;

    /// <summary>The vendor's proof of the reasoning before it; replaces, never appends.</summary>
    public sealed record ReasoningSigned(int Choice, string Signature) : ChatEvent;

    public sealed record RedactedReasoning(int Choice, string Data) : ChatEvent;

    public sealed record RefusalDelta(int Choice, string Text) : ChatEvent;

    /// <summary>A tool call begins. <see cref="Index"/> counts the calls of a choice from 0.</summary>
    public sealed record ToolCallStarted(int Choice, int Index, string Id, string Name) : ChatEvent
    {
        /// <summary>A call of a custom tool: its fragments are free text, not JSON.</summary>
        public bool IsCustom { get; init; }
    }

    /// <summary>A fragment of the JSON text of a call's arguments, or of a custom call's input.</summary>
    public sealed record ToolCallDelta(int Choice, int Index, string Arguments) : ChatEvent;

    /// <summary>A choice has ended. <see cref="StopSequence"/> is the matched text where the dialect tells.</summary>
    public sealed record Finished(int Choice, StopReason Reason, string? StopSequence = null) : ChatEvent;

    /// <summary>Usage so far, cumulative.</summary>
    public sealed record UsageReported(ChatUsage Usage) : ChatEvent;

    /// <summary>The upstream's answer is whole: its dialect's own end was seen.</summary>
    public sealed record Completed : ChatEvent
    {
        public static readonly Completed Instance = new();
    }

    /// <summary>The answer broke; nothing may follow.</summary>
    public sealed record Failed(Failure Failure) : ChatEvent;
}

/// <summary>Takes the events of one answer in order.</summary>
public interface IChatEventSink
{
    void On(ChatEvent chatEvent);
}

/// <summary>Why a choice ended (dialects 4.10).</summary>
public enum StopReason
{
    EndTurn,
    StopSequence,
    MaxTokens,
    ContextFull,
    ToolUse,
    ContentFilter,
    Paused,
}
