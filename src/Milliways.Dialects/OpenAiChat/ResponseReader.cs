using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>A whole chat.completion to the events its stream would have given (dialects 1.5, 4.12.6).</summary>
public static class ResponseReader
{
    public static void Read(ReadOnlySpan<byte> body, IChatEventSink sink)
    {
        var answer = new AnswerReader();
        using var document = JsonText.TryParse(body);
        if (document is null || document.RootElement.ValueKind != JsonValueKind.Object)
        {
            answer.Fail(Failure.Broken("body", "The upstream's answer is not a chat completion."), sink);
            return;
        }

        if (!Errors.IsError(document.RootElement) && !document.RootElement.Items("choices").Any())
        {
            answer.Fail(Failure.Broken("body", "The upstream's answer is not a chat completion: it has no choices."), sink);
            return;
        }

        answer.Read(document.RootElement, sink);
        answer.Complete(sink);
    }
}
