using Milliways.Dialects.Chat;

namespace Milliways.Exchanges.Relays;

/// <summary>What a dialect's reader makes of one frame, as far as whoever only watches a stream wants to know it.</summary>
/// <param name="isContent">Which events are something of the answer's.</param>
internal sealed class FrameEvents(Func<ChatEvent, bool> isContent) : IChatEventSink
{
    public ChatUsage? Usage { get; private set; }

    public bool SawContent { get; private set; }

    /// <summary>Stays: a stream that has failed does not go on.</summary>
    public Failure? Failure { get; private set; }

    /// <summary>Before the next frame.</summary>
    public void Clear() => (Usage, SawContent) = (null, false);

    public void On(ChatEvent chatEvent)
    {
        if (chatEvent is ChatEvent.UsageReported reported)
            Usage = reported.Usage;
        else if (chatEvent is ChatEvent.Failed failed)
            Failure = failed.Failure;
        else
            SawContent |= isContent(chatEvent);
    }
}
