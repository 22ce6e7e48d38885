namespace Milliways.Dialects.Chat;

/// <summary>What every dialect agrees on about stop reasons (dialects 4.10, hard cases).</summary>
public static class StopReasons
{
    /// <summary>
    /// Calls although the upstream says it just stopped: tool use. Tool use without a call: an ordinary end. A full context or the token limit outranks
    /// both.
    /// </summary>
    public static StopReason Settle(StopReason reason, bool hasCalls) => reason switch
    {
        StopReason.EndTurn or StopReason.StopSequence when hasCalls => StopReason.ToolUse,
        StopReason.ToolUse when !hasCalls => StopReason.EndTurn,
        _ => reason,
    };
}
