using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Gemini;

/// <summary>One candidate: its parts in order, then its end (dialects 7). Calls come whole, each in one part.</summary>
internal sealed class CandidateReader(int index, string answerId)
{
    private readonly CitationReader citations = new();
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);
    private readonly StringBuilder text = new();
    private StopReason? reason;
    private int calls;

    public bool IsFinished => reason is not null;

    public Failure? Read(JsonElement candidate, IChatEventSink sink)
    {
        var logprobs = LogprobReader.Read(candidate.Get("logprobsResult"));
        foreach (var part in candidate.Get("content").Items("parts"))
        {
            if (part.ValueKind != JsonValueKind.Object) continue;
            if (part.Get("functionCall") is { ValueKind: JsonValueKind.Object } call)
            {
                if (StartCall(call, part.Text("thoughtSignature"), sink) is { } failure) return failure;
            }
            else
            {
                ReadText(part, ref logprobs, sink);
            }
        }

        // Tokens whose characters are not whole yet come without text.
        if (logprobs.Count > 0) sink.On(new ChatEvent.TextDelta(index, "") { Logprobs = logprobs });
        citations.Read(candidate);
        reason = FinishReasons.Read(candidate.Text("finishReason")) ?? reason;
        return null;
    }

    public void Finish(IChatEventSink sink)
    {
        foreach (var citation in citations.Of(text)) sink.On(new ChatEvent.Cited(index, citation));
        sink.On(new ChatEvent.Finished(index, StopReasons.Settle(reason ?? StopReason.EndTurn, calls > 0)));
    }

    private void ReadText(JsonElement part, ref IReadOnlyList<TokenLogprob> logprobs, IChatEventSink sink)
    {
        var isThought = part.Get("thought").ValueKind == JsonValueKind.True;
        if (part.Text("text") is { Length: > 0 } value)
        {
            if (isThought)
            {
                sink.On(new ChatEvent.ReasoningDelta(index, value));
            }
            else
            {
                text.Append(value);
                sink.On(new ChatEvent.TextDelta(index, value) { Logprobs = logprobs });
                logprobs = [];
            }
        }

        if (part.Text("thoughtSignature") is { Length: > 0 } signature)
            sink.On(new ChatEvent.ReasoningSigned(index, ThoughtSignatures.Marked(signature, isThought ? SignedPart.Thought : SignedPart.Text)));
    }

    private Failure? StartCall(JsonElement call, string? signature, IChatEventSink sink)
    {
        if (calls >= ChatBounds.ToolCalls) return Failure.Broken("stream", "The upstream's answer has too many tool calls.");
        var (name, args) = (call.Text("name") ?? "", call.Get("args"));
        var arguments = args.ValueKind == JsonValueKind.Object ? JsonText.Compact(args) : "{}";
        // Ids are seldom given; made ones are the same for the same answer (dialects 4.5).
        var id = call.Text("id") is { Length: > 0 } given ? given : ToolCallIds.Made(answerId.Length > 0 ? answerId : name + arguments, index, calls);
        var unique = id;
        for (var copy = 2; !ids.Add(unique); copy++) unique = id + "_" + JsonText.Number(copy);
        sink.On(new ChatEvent.ToolCallStarted(index, calls, ToolCallIds.WithSignature(unique, signature), name));
        sink.On(new ChatEvent.ToolCallDelta(index, calls++, arguments));
        return null;
    }
}
