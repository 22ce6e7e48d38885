using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>
/// GetCompletionChunk's messages to events. It is complete with a finish reason for every choice and a proper end of the call, which the host tells
/// by <see cref="EndOfBody"/> when the status is OK.
/// </summary>
public sealed class StreamReader : IStreamReader
{
    private readonly OutputReader outputs = new();
    private ChatUsage? usage;

    public bool HasEnded { get; private set; }

    /// <summary>A frame's data is a message without its head.</summary>
    public void Read(in SseFrame frame, IChatEventSink sink) => Read(frame.Data, sink);

    public void Read(ReadOnlySpan<byte> message, IChatEventSink sink)
    {
        if (HasEnded) return;
        var read = WireMessage.Read<GetChatCompletionChunk>(message);
        if (!read.IsOk)
        {
            Fail(Failure.Broken("stream", "The upstream's stream is not readable."), sink);
            return;
        }

        var chunk = read.Value;
        outputs.Start(chunk.Id, chunk.Model, chunk.Created?.Seconds ?? 0, chunk.SystemFingerprint, sink);
        foreach (var output in chunk.Outputs)
        {
            var delta = output.Delta ?? new Delta();
            if (outputs.Read(output.Index, delta.Role, delta.ReasoningContent, delta.Content, delta.ToolCalls, output.Logprobs, delta.Citations, output.FinishReason, sink) is { } failure)
            {
                Fail(failure, sink);
                return;
            }
        }

        outputs.Cite(chunk.Citations, sink);
        if (UsageReader.Read(chunk.Usage) is not { } told) return;
        usage = told;
        sink.On(new ChatEvent.UsageReported(told));
    }

    public void EndOfBody(IChatEventSink sink)
    {
        if (HasEnded) return;
        if (!outputs.AllFinished)
        {
            Fail(Failure.Broken("end", "The upstream's stream ended before its answer was complete."), sink);
            return;
        }

        HasEnded = true;
        outputs.Finish(usage, sink);
    }

    private void Fail(Failure failure, IChatEventSink sink)
    {
        HasEnded = true;
        sink.On(new ChatEvent.Failed(failure));
    }
}
