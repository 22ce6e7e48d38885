using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// Events to a Responses stream (dialects 3.6, 4.12.3; xai-api 1.6.3). Items go out as they come, the last one's end included; the terminal event with the
/// whole response is the tail, which the caller asks for when the charge is durable (design §3, step 5). Choices other than the first are left out.
/// </summary>
public sealed class StreamWriter : IStreamWriter, IDisposable
{
    private readonly EventWriter events = new();
    private readonly IBufferWriter<byte> output;
    private readonly ResponseBody body;
    private readonly ItemQueue items;
    private StopReason reason = StopReason.EndTurn;
    private ChatUsage? usage;
    private bool hasStarted;
    private bool hasEnded;

    public StreamWriter(IBufferWriter<byte> output, AnswerFacts facts)
    {
        (this.output, body) = (output, new ResponseBody(facts));
        items = new ItemQueue(events, output, facts);
    }

    bool IStreamWriter.WriteFailure(Failure failure, IBufferWriter<byte> tail)
    {
        WriteFailure(failure, tail);
        return true;
    }

    /// <summary>The last usage the events told, or null.</summary>
    public ChatUsage? Usage => usage;

    public void On(ChatEvent chatEvent)
    {
        Start();
        switch (chatEvent)
        {
            case ChatEvent.TextDelta { Choice: 0 } delta when delta.Text.Length > 0 || delta.Logprobs.Count > 0:
                items.Text(delta.Text, delta.Logprobs);
                break;
            case ChatEvent.Cited { Choice: 0 } cited:
                items.Cite(cited.Citation);
                break;
            case ChatEvent.ReasoningDelta { Choice: 0, Text.Length: > 0 } delta:
                items.Reasoning(delta.Text);
                break;
            case ChatEvent.ReasoningSigned { Choice: 0 } signed:
                items.Sign(signed.Signature);
                break;
            case ChatEvent.RedactedReasoning { Choice: 0 } redacted:
                items.Redacted(redacted.Data);
                break;
            case ChatEvent.RefusalDelta { Choice: 0, Text.Length: > 0 } delta:
                items.Refusal(delta.Text);
                break;
            case ChatEvent.ToolCallStarted { Choice: 0 } call:
                items.StartCall(call);
                break;
            case ChatEvent.ToolCallDelta { Choice: 0, Arguments.Length: > 0 } delta:
                items.Arguments(delta.Index, delta.Arguments);
                break;
            case ChatEvent.Finished { Choice: 0 } finished:
                reason = finished.Reason;
                items.Finish(Answers.IsIncomplete(reason));
                break;
            case ChatEvent.UsageReported reported:
                usage = reported.Usage;
                break;
        }
    }

    /// <summary>The end of a complete answer. Usage given here outranks what the events told.</summary>
    public void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null)
    {
        if (hasEnded) return;
        Start();
        if (!items.IsSound)
        {
            WriteFailure(Failure.Broken("stream", "The upstream's answer has arguments for a tool call that had already ended."), tail);
            return;
        }

        hasEnded = true;
        var isIncomplete = Answers.IsIncomplete(reason);
        events.Response(tail, isIncomplete ? "response.incomplete"u8 : "response.completed"u8, body, Answers.State(reason, items.Items, finalUsage ?? usage, costTicks));
    }

    /// <summary>
    /// The end of a broken answer: <c>response.failed</c> with what there was of it, the open item left open; a flat <c>error</c> when nothing had begun
    /// (dialects 4.13).
    /// </summary>
    public void WriteFailure(Failure failure, IBufferWriter<byte> tail)
    {
        if (hasEnded) return;
        hasEnded = true;
        if (!hasStarted) Errors.WriteEvent(failure, tail);
        else events.Response(tail, "response.failed"u8, body, new ResponseState(ResponseStatus.Failed, items.Begun) { Failure = failure, Usage = usage });
    }

    public void Dispose() => events.Dispose();

    private void Start()
    {
        if (hasStarted) return;
        hasStarted = true;
        var state = new ResponseState(ResponseStatus.InProgress, []);
        events.Response(output, "response.created"u8, body, state);
        events.Response(output, "response.in_progress"u8, body, state);
    }
}
