using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>What streams and whole answers agree on.</summary>
internal static class Answers
{
    /// <summary>The settled stop reason: a stop sequence nobody named is an ordinary end, a refusal's text is a refusal (dialects 4.10).</summary>
    public static (StopReason Reason, string? Matched) Stop(StopReason reason, string? matched, bool hasCalls, bool hasRefusal)
    {
        var settled = StopReasons.Settle(reason, hasCalls);
        if (settled == StopReason.EndTurn && hasRefusal) settled = StopReason.ContentFilter;
        if (settled == StopReason.StopSequence && matched is null) settled = StopReason.EndTurn;
        return (settled, settled == StopReason.StopSequence ? matched : null);
    }
}
