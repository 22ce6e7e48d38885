using Google.Protobuf.Collections;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>
/// Outputs of an upstream, whole or in pieces, to events. With tools that run at the server an answer's turns come under indexes of their own: those
/// of the server's calls and of their results are not told, and the text behind them belongs to the choice before (xai-api 3.3, Index).
/// </summary>
internal sealed class OutputReader
{
    private readonly Dictionary<int, Choice> choices = [];
    private readonly SortedSet<int> passed = [];
    private readonly HashSet<string> cited = new(StringComparer.Ordinal);
    private string? answerId;

    public bool HasStarted => answerId is not null;

    public bool AllFinished => choices.Count > 0 && choices.Values.All(choice => choice.Reason is not null);

    public void Start(string id, string model, long created, string fingerprint, IChatEventSink sink)
    {
        if (HasStarted) return;
        answerId = id;
        sink.On(new ChatEvent.Started(id, model, Math.Max(0, created)) { Fingerprint = Fields.Text(fingerprint) });
    }

    public Failure? Read(int index, MessageRole role, string reasoning, string content, RepeatedField<ToolCall> calls, LogProbs? logprobs, RepeatedField<InlineCitation> citations, FinishReason reason, IChatEventSink sink)
    {
        ToolCall[] own = calls.Count == 0 ? [] : [.. calls.Where(IsCallers)];
        var number = index - passed.Count(before => before < index);
        if (role is MessageRole.RoleTool or MessageRole.RoleFunction || (calls.Count > 0 && own.Length == 0))
        {
            if (passed.Add(index)) choices.Remove(number);
            return null;
        }

        if (passed.Contains(index)) return null;
        if (index < 0 || number >= ChatBounds.Choices) return Failure.Broken("stream", "The upstream's answer addresses a choice that cannot be.");
        if (!choices.TryGetValue(number, out var choice)) choices[number] = choice = new Choice();
        if (reasoning.Length > 0) sink.On(new ChatEvent.ReasoningDelta(number, reasoning));
        if (content.Length > 0 || logprobs is { Content.Count: > 0 }) sink.On(new ChatEvent.TextDelta(number, content) { Logprobs = Logprobs(logprobs) });
        foreach (var citation in citations)
        {
            if (UrlOf(citation) is not { Length: > 0 } url) continue;
            cited.Add(url);
            sink.On(new ChatEvent.Cited(number, new ChatCitation(url, null, citation.StartIndex, citation.EndIndex)));
        }

        foreach (var call in own)
        {
            if (choice.Calls >= ChatBounds.ToolCalls) return Failure.Broken("stream", "The upstream's answer has too many tool calls.");
            if (call.Function is not { Name.Length: > 0 } function) return Failure.Broken("stream", "The upstream's answer has a tool call without a name.");
            var at = choice.Calls++;
            sink.On(new ChatEvent.ToolCallStarted(number, at, call.Id.Length > 0 ? call.Id : ToolCallIds.Made(answerId ?? "", number, at), function.Name));
            if (function.Arguments.Length > 0) sink.On(new ChatEvent.ToolCallDelta(number, at, function.Arguments));
        }

        if (reason != FinishReason.ReasonInvalid) choice.Reason = reason;
        return null;
    }

    /// <summary>A function that the caller runs, and not a tool that ran at the server.</summary>
    private static bool IsCallers(ToolCall call) => call.Type is ToolCallType.Invalid or ToolCallType.ClientSideTool;

    /// <summary>The sources of the whole answer that no place in its text was told of.</summary>
    public void Cite(IEnumerable<string> urls, IChatEventSink sink)
    {
        foreach (var url in urls)
            if (url.Length > 0 && cited.Add(url)) sink.On(new ChatEvent.Cited(0, new ChatCitation(url)));
    }

    public void Finish(ChatUsage? usage, IChatEventSink sink)
    {
        foreach (var (number, choice) in choices.OrderBy(choice => choice.Key))
            sink.On(new ChatEvent.Finished(number, StopReasons.Settle(Reason(choice.Reason), choice.Calls > 0)));
        if (usage is { } told) sink.On(new ChatEvent.UsageReported(told));
        sink.On(ChatEvent.Completed.Instance);
    }

    private static StopReason Reason(FinishReason? reason) => reason switch
    {
        FinishReason.ReasonMaxLen or FinishReason.ReasonTimeLimit => StopReason.MaxTokens,
        FinishReason.ReasonMaxContext => StopReason.ContextFull,
        FinishReason.ReasonToolCalls => StopReason.ToolUse,
        _ => StopReason.EndTurn,
    };

    private static string? UrlOf(InlineCitation citation) => citation.CitationCase switch
    {
        InlineCitation.CitationOneofCase.WebCitation => citation.WebCitation.Url,
        InlineCitation.CitationOneofCase.XCitation => citation.XCitation.Url,
        _ => null,
    };

    private static List<TokenLogprob> Logprobs(LogProbs? logprobs) => logprobs is null ? [] :
    [
        .. logprobs.Content.Select(token => new TokenLogprob(token.Token, Fields.Real(token.Logprob), token.Bytes.ToByteArray())
        {
            Top = [.. token.TopLogprobs.Select(top => new TokenLogprob(top.Token, Fields.Real(top.Logprob), top.Bytes.ToByteArray()))],
        }),
    ];

    private sealed class Choice
    {
        public FinishReason? Reason { get; set; }

        public int Calls { get; set; }
    }
}
