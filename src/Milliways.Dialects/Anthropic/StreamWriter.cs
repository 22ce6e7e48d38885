using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>
/// Events to a Messages stream (dialects 2.11, 4.12.1). Blocks go out as they come, the last one's stop included; <c>message_delta</c> and
/// <c>message_stop</c> are the tail, which the caller asks for when the charge is durable (design §3, step 5). Choices other than the first are left out.
/// </summary>
public sealed class StreamWriter : IStreamWriter, IDisposable
{
    private readonly EventWriter events = new();
    private readonly IBufferWriter<byte> output;
    private readonly AnthropicWriteOptions options;
    private readonly BlockQueue blocks;
    private readonly SortedDictionary<int, StringBuilder> customInputs = [];
    private bool hasStarted;
    private bool hasEnded;
    private bool hasRefusal;
    private StopReason reason = StopReason.EndTurn;
    private string? stopSequence;

    public StreamWriter(IBufferWriter<byte> output, AnthropicWriteOptions options)
    {
        (this.output, this.options) = (output, options);
        blocks = new BlockQueue(events, output, options.Id);
    }

    /// <summary>The last usage the events told, or null.</summary>
    public ChatUsage? Usage { get; private set; }

    public void On(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case ChatEvent.Started:
                Start();
                break;
            case ChatEvent.TextDelta { Choice: 0, Text.Length: > 0 } delta:
                Start();
                blocks.Text(delta.Text);
                break;
            case ChatEvent.Cited { Choice: 0 } cited:
                blocks.Cite(cited.Citation);
                break;
            case ChatEvent.ReasoningDelta { Choice: 0, Text.Length: > 0 } delta:
                Start();
                blocks.Thinking(delta.Text);
                break;
            case ChatEvent.ReasoningSigned { Choice: 0 } signed:
                Start();
                blocks.Sign(signed.Signature);
                break;
            case ChatEvent.RedactedReasoning { Choice: 0 } redacted:
                Start();
                blocks.Redacted(redacted.Data);
                break;
            case ChatEvent.RefusalDelta { Choice: 0, Text.Length: > 0 } delta:
                Start();
                hasRefusal = true;
                blocks.Text(delta.Text);
                break;
            case ChatEvent.ToolCallStarted { Choice: 0 } call:
                Start();
                // Cleaned here too, or the client's history is poisoned for later turns (TID-01).
                blocks.StartCall(call.Index, ToolCallIds.ForAnthropic(call.Id), call.Name);
                if (call.IsCustom) customInputs[call.Index] = new StringBuilder();
                break;
            case ChatEvent.ToolCallDelta { Choice: 0 } delta when customInputs.TryGetValue(delta.Index, out var input):
                input.Append(delta.Arguments);
                break;
            case ChatEvent.ToolCallDelta { Choice: 0, Arguments.Length: > 0 } delta:
                blocks.Arguments(delta.Index, delta.Arguments);
                break;
            case ChatEvent.Finished { Choice: 0 } finished:
                Start();
                (reason, stopSequence) = (finished.Reason, finished.StopSequence);
                // Free text has no place here but as a text of an object, which is known whole only now.
                foreach (var (index, input) in customInputs) blocks.Arguments(index, CustomTools.Arguments(input.ToString()));
                blocks.Finish();
                break;
            case ChatEvent.UsageReported reported:
                Usage = reported.Usage;
                break;
        }
    }

    /// <summary>The end of a complete answer. Usage given here outranks what the events told.</summary>
    public void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null)
    {
        if (hasEnded) return;
        Start();
        if (!blocks.IsSound)
        {
            WriteFailure(Failure.Broken("stream", "The upstream's answer has arguments for a tool call that had already ended."), tail);
            return;
        }

        hasEnded = true;
        var (word, matched) = Answers.Stop(reason, stopSequence, blocks.HasCalls, hasRefusal);
        var usage = finalUsage ?? Usage ?? new ChatUsage(options.InputEstimate, 0, 0, 0, 0);
        events.MessageDelta(tail, StopReasonWords.Write(word, options.KnowsContextFull), matched, usage, costTicks);
        events.MessageStop(tail);
    }

    /// <summary>The end of a broken answer: an error event, the open block left open, no message_stop (dialects 4.13).</summary>
    public void WriteFailure(Failure failure, IBufferWriter<byte> tail, string? requestId = null)
    {
        if (hasEnded) return;
        hasEnded = true;
        tail.Write("event: error\ndata: "u8);
        Errors.Write(failure, tail, requestId);
        tail.Write("\n\n"u8);
    }

    public void Dispose() => events.Dispose();

    private void Start()
    {
        if (hasStarted) return;
        hasStarted = true;
        events.MessageStart(output, options, new ChatUsage(Math.Max(1, options.InputEstimate), 0, 0, 1, 0));
    }
}
