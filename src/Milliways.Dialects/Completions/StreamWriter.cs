using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.Completions;

/// <summary>
/// Events to a stream of <c>text_completion</c> chunks (xai-api 1.4). Text goes out as it comes; the closing chunks, the usage chunk and <c>[DONE]</c>
/// are the tail.
/// </summary>
public sealed class StreamWriter(IBufferWriter<byte> output, AnswerFacts facts) : IStreamWriter
{
    private readonly SortedDictionary<int, Choice> choices = [];
    private readonly string echoed = CompletionWriter.Echoed(facts);
    private ChatUsage? usage;
    private bool hasEnded;

    public void On(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case ChatEvent.TextDelta delta when delta.Text.Length > 0 || delta.Logprobs.Count > 0:
                Text(delta.Choice, delta.Text, delta.Logprobs);
                break;
            case ChatEvent.RefusalDelta { Text.Length: > 0 } delta:
                Text(delta.Choice, delta.Text, []);
                break;
            case ChatEvent.Finished finished:
                At(finished.Choice).Reason = finished.Reason;
                break;
            case ChatEvent.UsageReported reported:
                usage = reported.Usage;
                break;
        }
    }

    public void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null)
    {
        if (hasEnded) return;
        hasEnded = true;
        At(0);
        foreach (var (index, choice) in choices)
            Chunk(tail, index, choice.Length == 0 ? echoed : "", [], 0, choice.Reason ?? StopReason.EndTurn);
        if (facts.Request.IncludeUsage)
        {
            tail.Write("data: "u8);
            using (var writer = CompletionWriter.Begin(tail, facts)) CompletionWriter.End(writer, facts, finalUsage ?? usage ?? default(ChatUsage), costTicks);
            tail.Write("\n\n"u8);
        }

        tail.Write(SseWriter.Done);
    }

    private void Text(int index, string text, IReadOnlyList<TokenLogprob> logprobs)
    {
        var choice = At(index);
        if (choice.Length == 0 && echoed.Length > 0) text = echoed + text;
        Chunk(output, index, text, logprobs, choice.Length, null);
        choice.Length += text.Length;
    }

    private Choice At(int index)
    {
        if (!choices.TryGetValue(index, out var choice)) choices[index] = choice = new Choice();
        return choice;
    }

    private void Chunk(IBufferWriter<byte> target, int index, string text, IReadOnlyList<TokenLogprob> logprobs, int offset, StopReason? reason)
    {
        target.Write("data: "u8);
        using (var writer = CompletionWriter.Begin(target, facts))
        {
            CompletionWriter.Choice(writer, index, text, logprobs, offset, reason);
            CompletionWriter.End(writer, facts, null);
        }

        target.Write("\n\n"u8);
    }

    private sealed class Choice
    {
        /// <summary>Characters of text sent, the echo included.</summary>
        public int Length { get; set; }

        public StopReason? Reason { get; set; }
    }
}
