using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.AnthropicComplete;

/// <summary>Events to a stream of <c>completion</c> events with the text piece by piece; the one with the stop reason is the tail (dialects 2.10).</summary>
public sealed class StreamWriter(IBufferWriter<byte> output, AnswerFacts facts) : IStreamWriter
{
    private StopReason reason = StopReason.EndTurn;
    private string? matched;
    private bool hasEnded;

    public void On(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case ChatEvent.TextDelta { Choice: 0, Text.Length: > 0 } delta:
                Event(output, delta.Text, null);
                break;
            case ChatEvent.RefusalDelta { Choice: 0, Text.Length: > 0 } delta:
                Event(output, delta.Text, null);
                break;
            case ChatEvent.Finished { Choice: 0 } finished:
                (reason, matched) = (finished.Reason, finished.StopSequence);
                break;
        }
    }

    /// <summary>This dialect's answers tell no usage, and so no cost.</summary>
    public void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null)
    {
        if (hasEnded) return;
        hasEnded = true;
        Event(tail, "", reason);
    }

    private void Event(IBufferWriter<byte> target, string text, StopReason? stop)
    {
        target.Write("event: completion\ndata: "u8);
        CompletionWriter.Write(target, facts, text, stop, stop is null ? null : matched);
        target.Write("\n\n"u8);
    }
}
