using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.AnthropicComplete;

/// <summary>A whole completion: the text of the first choice. Reasoning has no place in it and is left out.</summary>
public static class ResponseWriter
{
    public static void Write(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output)
    {
        var choice = fold.Choices is [var first, ..] ? first : new ChatAnswer(0, [], StopReason.EndTurn, null);
        var text = string.Concat(choice.Parts.Select(part => part switch
        {
            ChatPart.Text piece => piece.Value,
            ChatPart.Refusal refusal => refusal.Value,
            _ => "",
        }));
        CompletionWriter.Write(output, facts, text, choice.Reason, choice.StopSequence);
    }
}
