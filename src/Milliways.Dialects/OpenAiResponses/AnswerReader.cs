using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// An upstream's answer to events, for streams and whole answers (dialects 3.5, 3.6, 4.12.4). Every text may come in deltas, in a done event, in a done
/// item, in the whole response at the end, or in several of them: what has been told is counted, and only the rest is told. Items nobody knows are skipped.
/// </summary>
internal sealed class AnswerReader
{
    private readonly List<UpstreamItem> items = [];
    private readonly CallTeller calls;
    private string id = "";
    private int textLength;
    private (UpstreamItem Item, int Part)? reasoningAt;

    public AnswerReader() => calls = new CallTeller(() => id);

    public bool HasStarted { get; private set; }

    public bool HasEnded { get; private set; }

    public void Start(JsonElement response, IChatEventSink sink)
    {
        if (HasStarted || HasEnded) return;
        HasStarted = true;
        id = response.Text("id") ?? "";
        sink.On(new ChatEvent.Started(id, response.Text("model") ?? "", response.Count("created_at") ?? 0));
    }

    public void AddItem(int? index, JsonElement item, IChatEventSink sink)
    {
        if (item.ValueKind != JsonValueKind.Object || item.Text("type") is not { } type) return;
        var known = item.Text("id") is { Length: > 0 } itemId ? items.FindLast(other => other.Id == itemId) : null;
        if (known is null) items.Add(known = new UpstreamItem(type, item.Text("id"), index));
        if (!known.IsCall) return;
        CallTeller.Learn(known, item);
        Arguments(known, null, sink);
    }

    /// <summary>The item that an event speaks of: by its id, by its place, or the last of its kind; a new one when the upstream never announced it (RSP-01).</summary>
    public UpstreamItem ItemOf(JsonElement body, string type)
    {
        var (itemId, index) = (body.Text("item_id"), body.Index("output_index"));
        var found = (itemId is { Length: > 0 } ? items.FindLast(item => item.Id == itemId && item.Type == type) : null)
            ?? (index is not null ? items.FindLast(item => item.Index == index && item.Type == type) : items.FindLast(item => item.Type == type));
        if (found is null) items.Add(found = new UpstreamItem(type, itemId, index));
        return found;
    }

    public void Text(UpstreamItem item, int position, string? text, IReadOnlyList<TokenLogprob> logprobs, IChatEventSink sink)
    {
        if (string.IsNullOrEmpty(text) && logprobs.Count == 0) return;
        var part = item.Part(position);
        part.Start ??= textLength;
        part.Told += text?.Length ?? 0;
        textLength += text?.Length ?? 0;
        reasoningAt = null;
        sink.On(new ChatEvent.TextDelta(0, text ?? "") { Logprobs = logprobs });
    }

    public void Refusal(UpstreamItem item, int position, string? text, IChatEventSink sink)
    {
        if (string.IsNullOrEmpty(text)) return;
        item.Part(position).Told += text.Length;
        reasoningAt = null;
        sink.On(new ChatEvent.RefusalDelta(0, text));
    }

    public void Reasoning(UpstreamItem item, int position, bool isSummary, string? text, IChatEventSink sink)
    {
        if (string.IsNullOrEmpty(text)) return;
        // Summary and raw text of one item are the same thought: one of them is told.
        item.TellsSummary ??= isSummary;
        if (item.TellsSummary != isSummary) return;
        if (reasoningAt is { } before && before != (item, position)) sink.On(new ChatEvent.ReasoningDelta(0, "\n\n"));
        reasoningAt = (item, position);
        item.Part(position).Told += text.Length;
        sink.On(new ChatEvent.ReasoningDelta(0, text));
    }

    public void Cite(UpstreamItem item, int position, JsonElement annotation, IChatEventSink sink)
    {
        var part = item.Part(position);
        part.Citations++;
        if (annotation.Text("type") is not (null or "url_citation") || annotation.Text("url") is not { Length: > 0 } url) return;
        var start = part.Start ?? textLength;
        sink.On(new ChatEvent.Cited(0, new ChatCitation(url, annotation.Text("title"), annotation.Index("start_index") + start, annotation.Index("end_index") + start)));
    }

    public void Arguments(UpstreamItem item, string? piece, IChatEventSink sink)
    {
        reasoningAt = null;
        if (calls.Tell(item, piece, sink) is { } failure) Fail(failure, sink);
    }

    /// <summary>A part with all that it has.</summary>
    public void FinishPart(UpstreamItem item, int position, JsonElement part, IChatEventSink sink)
    {
        switch (part.Text("type"))
        {
            case "output_text" or "text":
                FinishText(item, position, part.Text("text"), Logprobs.Read(part), sink);
                foreach (var annotation in part.Items("annotations").Skip(item.Part(position).Citations)) Cite(item, position, annotation, sink);
                break;
            case "refusal":
                Refusal(item, position, Rest(item, position, part.Text("refusal")), sink);
                break;
            case "reasoning_text":
                FinishReasoning(item, position, isSummary: false, part.Text("text"), sink);
                break;
        }
    }

    public void FinishText(UpstreamItem item, int position, string? text, IReadOnlyList<TokenLogprob> logprobs, IChatEventSink sink) =>
        // Those of a text that came in pieces came with the pieces.
        Text(item, position, Rest(item, position, text), item.Part(position).Told == 0 ? logprobs : [], sink);

    public void FinishRefusal(UpstreamItem item, int position, string? text, IChatEventSink sink) => Refusal(item, position, Rest(item, position, text), sink);

    public void FinishReasoning(UpstreamItem item, int position, bool isSummary, string? text, IChatEventSink sink)
    {
        if (item.TellsSummary is { } told && told != isSummary) return;
        Reasoning(item, position, isSummary, Rest(item, position, text), sink);
    }

    public void FinishArguments(UpstreamItem item, JsonElement whole, IChatEventSink sink)
    {
        reasoningAt = null;
        if (calls.Finish(item, whole, sink) is { } failure) Fail(failure, sink);
    }

    /// <summary>An item with all that it has.</summary>
    public void FinishItem(int? index, JsonElement element, IChatEventSink sink)
    {
        if (HasEnded || element.ValueKind != JsonValueKind.Object || element.Text("type") is not { } type) return;
        var itemId = element.Text("id");
        var item = (itemId is { Length: > 0 } ? items.FindLast(other => other.Id == itemId) : null)
            ?? items.FindLast(other => index is not null && other.Index == index && other.Type == type);
        if (item is null) items.Add(item = new UpstreamItem(type, itemId, index));
        Finish(item, element, sink);
    }

    /// <summary>The response with all that it has; what its items say and nobody told yet is told now.</summary>
    public void Complete(JsonElement response, ResponseStatus status, IChatEventSink sink)
    {
        if (HasEnded) return;
        Start(response, sink);
        if (UsageReader.Read(response.Get("usage")) is { } usage) sink.On(new ChatEvent.UsageReported(usage));
        if (status == ResponseStatus.Failed)
        {
            Fail(UpstreamMessage.InStream(response), sink);
            return;
        }

        foreach (var (item, element) in Match(response))
        {
            Finish(item, element, sink);
            if (HasEnded) return;
        }

        if (items.Exists(item => item is { IsCall: true, Call: null, Came: > 0 }))
        {
            Fail(Failure.Broken("stream", "The upstream's answer has a tool call without a name."), sink);
            return;
        }

        HasEnded = true;
        var reason = status == ResponseStatus.Completed ? StopReason.EndTurn
            : response.Get("incomplete_details").Text("reason") == "content_filter" ? StopReason.ContentFilter : StopReason.MaxTokens;
        sink.On(new ChatEvent.Finished(0, StopReasons.Settle(reason, calls.HasCalls)));
        sink.On(ChatEvent.Completed.Instance);
    }

    public void Fail(Failure failure, IChatEventSink sink)
    {
        if (HasEnded) return;
        HasEnded = true;
        sink.On(new ChatEvent.Failed(failure));
    }

    /// <summary>
    /// The items of the whole response with what was streamed of them: by their ids; where those changed on the way (RSP-02), the first of the same kind
    /// that is left.
    /// </summary>
    private List<(UpstreamItem Item, JsonElement Element)> Match(JsonElement response)
    {
        var output = response.Items("output").Where(element => element.Text("type") is not null).ToList();
        var found = new UpstreamItem?[output.Count];
        for (var position = 0; position < output.Count; position++)
        {
            var (itemId, callId) = (output[position].Text("id"), output[position].Text("call_id"));
            found[position] = items.Find(item => !item.IsMatched && ((itemId is { Length: > 0 } && item.Id == itemId) || (callId is { Length: > 0 } && item.CallId == callId)));
            if (found[position] is { } match) match.IsMatched = true;
        }

        for (var position = 0; position < output.Count; position++)
        {
            if (found[position] is not null) continue;
            var type = output[position].Text("type")!;
            var item = items.Find(other => !other.IsMatched && other.Type == type);
            if (item is null) items.Add(item = new UpstreamItem(type, output[position].Text("id"), null));
            item.IsMatched = true;
            found[position] = item;
        }

        return [.. found.Select((item, position) => (item!, output[position]))];
    }

    private void Finish(UpstreamItem item, JsonElement element, IChatEventSink sink)
    {
        var position = 0;
        switch (item.Type)
        {
            case "message":
                foreach (var part in element.Items("content")) FinishPart(item, position++, part, sink);
                break;
            case "function_call" or "custom_tool_call":
                CallTeller.Learn(item, element);
                FinishArguments(item, element.Get(item.Type == "function_call" ? "arguments" : "input"), sink);
                break;
            case "reasoning":
                foreach (var part in element.Items("summary")) FinishReasoning(item, position++, isSummary: true, part.Text("text"), sink);
                position = 0;
                foreach (var part in element.Items("content")) FinishPart(item, position++, part, sink);
                Sign(item, element.Text("encrypted_content"), sink);
                break;
        }
    }

    /// <summary>Another Milliways may stand behind the upstream's name: what it encoded for us is another vendor's proof.</summary>
    private static void Sign(UpstreamItem item, string? encrypted, IChatEventSink sink)
    {
        if (item.IsSigned) return;
        if (ReasoningItem.ReadSignature(encrypted) is { } signature) sink.On(new ChatEvent.ReasoningSigned(0, signature));
        else if (ReasoningItem.ReadRedacted(encrypted) is { } data) sink.On(new ChatEvent.RedactedReasoning(0, data));
        else return;
        item.IsSigned = true;
    }

    private static string? Rest(UpstreamItem item, int position, string? whole)
    {
        var told = item.Part(position).Told;
        return whole is not null && whole.Length > told ? whole[told..] : null;
    }
}
