using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>One choice of a Chat answer, from deltas or from a whole message (dialects 1.5, 1.7, 4.12.1).</summary>
internal sealed class ChoiceReader(int index, Func<string> answerId)
{
    private readonly CallReader calls = new(index, answerId);
    private readonly HashSet<string> cited = new(StringComparer.Ordinal);
    private bool hasContent;
    private StopReason? reason;
    private string? matched;

    public bool IsFinished => reason is not null;

    public bool HasCited(string url) => cited.Contains(url);

    /// <summary>Content first, then the finish reason, which may come in the same chunk. Finished itself waits for the end.</summary>
    public Failure? Read(JsonElement choice, IChatEventSink sink)
    {
        var logprobs = Logprobs.Read(choice);
        var delta = choice.Get("delta");
        if (delta.ValueKind == JsonValueKind.Object)
        {
            if (ReadContent(delta, logprobs, sink) is { } failure) return failure;
        }
        else if (choice.Get("message") is { ValueKind: JsonValueKind.Object } message && !hasContent)
        {
            // Some servers send a full message where a delta belongs; after deltas it only repeats them (CHK-09).
            if (ReadContent(message, logprobs, sink) is { } failure) return failure;
        }

        if (choice.Text("finish_reason") is not { Length: > 0 } finish) return null;
        if (FinishReasons.Read(finish) is not { } read) return Failure.Broken("stream", $"The upstream ended its answer with '{finish}'.");
        reason = read;
        // vLLM names the matched text beside finish_reason.
        if (read == StopReason.EndTurn && choice.Text("stop_reason") is { Length: > 0 } text)
            (reason, matched) = (StopReason.StopSequence, text);
        return null;
    }

    public Failure? Finish(IChatEventSink sink)
    {
        calls.Finish(sink);
        if (calls.Lost() is { } lost) return lost;
        sink.On(new ChatEvent.Finished(index, StopReasons.Settle(reason ?? StopReason.EndTurn, calls.HasCalls), matched));
        return null;
    }

    private Failure? ReadContent(JsonElement delta, IReadOnlyList<TokenLogprob> logprobs, IChatEventSink sink)
    {
        var reasoning = delta.Text("reasoning_content") is { Length: > 0 } text ? text : delta.Text("reasoning");
        if (!string.IsNullOrEmpty(reasoning)) Send(new ChatEvent.ReasoningDelta(index, reasoning), sink);

        var content = delta.Get("content");
        if (content.ValueKind == JsonValueKind.Array) ReadParts(content, sink);
        SendText(content.ValueKind == JsonValueKind.String ? JsonText.Of(content) : "", logprobs, sink);
        foreach (var citation in Annotations.Read(delta))
        {
            cited.Add(citation.Url);
            Send(new ChatEvent.Cited(index, citation), sink);
        }

        if (delta.Text("refusal") is { Length: > 0 } refusal) Send(new ChatEvent.RefusalDelta(index, refusal), sink);
        var failure = calls.Read(delta, sink);
        hasContent |= calls.HasCalls;
        return failure;
    }

    /// <summary>Content as parts, which some servers send in answers too.</summary>
    private void ReadParts(JsonElement parts, IChatEventSink sink)
    {
        foreach (var part in parts.EnumerateArray())
        {
            switch (part.Text("type"))
            {
                case "text" or "output_text":
                    SendText(part.Text("text") ?? "", [], sink);
                    break;
                case "thinking":
                    var text = part.Text("thinking") ?? string.Concat(part.Items("thinking").Select(piece => piece.Text("text")));
                    if (text.Length > 0) Send(new ChatEvent.ReasoningDelta(index, text), sink);
                    break;
                case "refusal" when part.Text("refusal") is { Length: > 0 } refusal:
                    Send(new ChatEvent.RefusalDelta(index, refusal), sink);
                    break;
            }
        }
    }

    private void SendText(string text, IReadOnlyList<TokenLogprob> logprobs, IChatEventSink sink)
    {
        if (text.Length > 0 || logprobs.Count > 0) Send(new ChatEvent.TextDelta(index, text) { Logprobs = logprobs }, sink);
    }

    private void Send(ChatEvent chatEvent, IChatEventSink sink)
    {
        hasContent = true;
        sink.On(chatEvent);
    }
}
