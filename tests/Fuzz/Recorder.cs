using Milliways.Dialects.Chat;

namespace Milliways.Fuzz;

/// <summary>Takes the events of a reader, checks their order and counts what they hold.</summary>
internal sealed class Recorder : IChatEventSink
{
    private bool _started;

    public List<ChatEvent> Events { get; } = [];

    public ChatEvent? End { get; private set; }

    public bool IsCompleted => End is ChatEvent.Completed;

    public void On(ChatEvent chatEvent)
    {
        Claim.That(End is null, $"an event after the end: {chatEvent}");
        Claim.That(chatEvent is not ChatEvent.Started || !_started, "two starts");
        Claim.That(_started || chatEvent is ChatEvent.Started or ChatEvent.Failed, $"before the start: {chatEvent}");
        _started |= chatEvent is ChatEvent.Started;
        if (chatEvent is ChatEvent.Completed or ChatEvent.Failed)
            End = chatEvent;
        Events.Add(chatEvent);
    }
}

/// <summary>What must hold.</summary>
internal static class Claim
{
    public static void That(bool holds, string what)
    {
        if (!holds)
            throw new ClaimException(what);
    }
}

internal sealed class ClaimException(string what) : Exception(what);
