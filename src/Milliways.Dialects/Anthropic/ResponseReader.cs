using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>A whole message to the events its stream would have given (dialects 2.7, 4.12.6).</summary>
public static class ResponseReader
{
    public static void Read(ReadOnlySpan<byte> body, IChatEventSink sink)
    {
        var answer = new AnswerReader();
        using var document = JsonText.TryParse(body);
        var message = document?.RootElement ?? default;
        if (message.Text("type") == "error" || message.Has("error"))
        {
            answer.Fail(Errors.InStream(message), sink);
            return;
        }

        if (message.Get("content").ValueKind != JsonValueKind.Array)
        {
            answer.Fail(Failure.Broken("body", "The upstream's answer is not a message."), sink);
            return;
        }

        answer.Start(message, sink);
        var index = 0;
        foreach (var block in message.Items("content"))
        {
            answer.StartBlock(index, block, sink);
            answer.StopBlock(index++, sink);
        }

        answer.Stop(message);
        answer.Complete(sink);
    }
}
