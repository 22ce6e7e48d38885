using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Completions;

/// <summary>A whole <c>text_completion</c>. Reasoning has no place in it and is left out; a refusal's text is the text.</summary>
public static class ResponseWriter
{
    public static void Write(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null)
    {
        using var writer = CompletionWriter.Begin(output, facts);
        var echoed = CompletionWriter.Echoed(facts);
        var choices = fold.Choices;
        foreach (var choice in choices)
        {
            var text = echoed + string.Concat(choice.Parts.Select(part => part switch
            {
                ChatPart.Text piece => piece.Value,
                ChatPart.Refusal refusal => refusal.Value,
                _ => "",
            }));
            var logprobs = choice.Parts.OfType<ChatPart.Text>().SelectMany(part => part.Logprobs).ToList();
            CompletionWriter.Choice(writer, choice.Index, text, logprobs, echoed.Length, choice.Reason);
        }

        if (choices.Count == 0) CompletionWriter.Choice(writer, 0, echoed, [], 0, StopReason.EndTurn);
        CompletionWriter.End(writer, facts, fold.Usage ?? default, costTicks);
    }
}
