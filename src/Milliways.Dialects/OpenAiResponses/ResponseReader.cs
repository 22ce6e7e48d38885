using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>A whole response to the events its stream would have given (dialects 3.5, 4.12.6).</summary>
public static class ResponseReader
{
    public static void Read(ReadOnlySpan<byte> body, IChatEventSink sink)
    {
        var answer = new AnswerReader();
        using var document = JsonText.TryParse(body);
        var response = document?.RootElement ?? default;
        if (response.Get("output").ValueKind != JsonValueKind.Array)
        {
            answer.Fail(response.Has("error") ? UpstreamMessage.InStream(response) : Failure.Broken("body", "The upstream's answer is not a response."), sink);
            return;
        }

        if (response.Text("status") is "in_progress" or "queued")
        {
            answer.Fail(Failure.Broken("body", "The upstream's answer is not finished."), sink);
            return;
        }

        answer.Complete(response, StreamReader.StatusOf(response, ""), sink);
    }
}
