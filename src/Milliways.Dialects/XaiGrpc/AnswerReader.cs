using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>A GetChatCompletionResponse to the events that its stream would have given.</summary>
public static class AnswerReader
{
    /// <param name="message">Without its frame's head.</param>
    /// <param name="sink">Takes the events, Completed or Failed included.</param>
    public static void Read(ReadOnlySpan<byte> message, IChatEventSink sink)
    {
        var read = WireMessage.Read<GetChatCompletionResponse>(message);
        if (!read.IsOk || read.Value.Outputs.Count == 0)
        {
            sink.On(new ChatEvent.Failed(Failure.Broken("end", "The upstream's answer is not readable.")));
            return;
        }

        var (answer, outputs) = (read.Value, new OutputReader());
        outputs.Start(answer.Id, answer.Model, answer.Created?.Seconds ?? 0, answer.SystemFingerprint, sink);
        foreach (var output in answer.Outputs)
        {
            var said = output.Message ?? new CompletionMessage();
            if (outputs.Read(output.Index, said.Role, said.ReasoningContent, said.Content, said.ToolCalls, output.Logprobs, said.Citations, output.FinishReason, sink) is not { } failure) continue;
            sink.On(new ChatEvent.Failed(failure));
            return;
        }

        outputs.Cite(answer.Citations, sink);
        if (outputs.AllFinished) outputs.Finish(UsageReader.Read(answer.Usage), sink);
        else sink.On(new ChatEvent.Failed(Failure.Broken("end", "The upstream's answer is not complete.")));
    }
}
