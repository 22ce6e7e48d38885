using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Gemini;

/// <summary>A whole GenerateContentResponse to the events its stream would have given (dialects 7, 4.12.6).</summary>
public static class ResponseReader
{
    public static void Read(ReadOnlySpan<byte> body, IChatEventSink sink)
    {
        var answer = new AnswerReader();
        using var document = JsonText.TryParse(body);
        var response = document?.RootElement ?? default;
        answer.Read(response, sink);
        if (answer.HasEnded) return;
        // A whole answer is as whole as it gets: without a finishReason it is an ordinary end (dialects 4.10).
        if (response.Items("candidates").Any() || answer.IsFinished) answer.Complete(sink);
        else answer.Fail(Failure.Broken("body", "The upstream's answer is no generated content: it has no candidates."), sink);
    }
}
