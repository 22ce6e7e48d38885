using System.Text;

namespace Milliways.Dialects.Chat;

/// <summary>The parts of one choice as they grow.</summary>
internal sealed class ChoiceFold
{
    private enum Kind { Text, Thinking, Redacted, Refusal, Call }

    private readonly List<Growing> parts = [];
    private readonly Dictionary<int, Growing> calls = [];
    private StopReason reason = StopReason.EndTurn;
    private string? stopSequence;

    private readonly List<TokenLogprob> early = [];

    public void Text(ChatEvent.TextDelta delta)
    {
        Append(Kind.Text, delta.Text);
        if (delta.Logprobs.Count == 0) return;
        // Tokens of a character that is not whole yet come without text: they go to the text that follows, or to the last there is.
        if (parts is [.., { Kind: Kind.Text } text]) text.Logprobs.AddRange(delta.Logprobs);
        else early.AddRange(delta.Logprobs);
    }

    /// <summary>A source belongs to the text before it; one without any text is none.</summary>
    public void Cite(ChatCitation citation)
    {
        var at = parts.FindLastIndex(part => part.Kind == Kind.Text);
        if (at < 0) return;
        parts[at].Citations.Add(citation);
        if (at < parts.Count - 1) parts[at].Late++;
    }

    public void Refusal(string text) => Append(Kind.Refusal, text);

    public void Redacted(string data) => parts.Add(new Growing(Kind.Redacted) { Id = data });

    public void Reasoning(string text)
    {
        if (text.Length > 0) LastThinking(isNewWhenSigned: true).Value.Append(text);
    }

    public void Sign(string signature) => LastThinking(isNewWhenSigned: false).Id = signature;

    public bool StartCall(ChatEvent.ToolCallStarted call)
    {
        if (call.Index is < 0 or >= ChatBounds.ToolCalls || calls.ContainsKey(call.Index)) return false;
        parts.Add(calls[call.Index] = new Growing(Kind.Call) { Id = call.Id, Name = call.Name, IsCustom = call.IsCustom });
        return true;
    }

    public bool Arguments(ChatEvent.ToolCallDelta delta)
    {
        if (!calls.TryGetValue(delta.Index, out var call)) return false;
        call.Value.Append(delta.Arguments);
        return true;
    }

    public void Finish(StopReason stopReason, string? matched) => (reason, stopSequence) = (stopReason, matched);

    public ChatAnswer Whole(int index)
    {
        if (early.Count > 0 && parts.FindLast(part => part.Kind == Kind.Text) is { } text)
        {
            text.Logprobs.AddRange(early);
            early.Clear();
        }

        return new ChatAnswer(index, [.. parts.Select(part => part.Whole())], StopReasons.Settle(reason, calls.Count > 0), stopSequence);
    }

    private void Append(Kind kind, string text)
    {
        if (text.Length == 0) return;
        if (parts.Count == 0 || parts[^1].Kind != kind) parts.Add(new Growing(kind));
        parts[^1].Value.Append(text);
        if (kind != Kind.Text || early.Count == 0) return;
        parts[^1].Logprobs.AddRange(early);
        early.Clear();
    }

    private Growing LastThinking(bool isNewWhenSigned)
    {
        if (parts.Count > 0 && parts[^1] is { Kind: Kind.Thinking } last && !(isNewWhenSigned && last.Id is not null)) return last;
        parts.Add(new Growing(Kind.Thinking));
        return parts[^1];
    }

    private sealed class Growing(Kind kind)
    {
        public Kind Kind => kind;

        /// <summary>A call's id, a thinking part's signature, or redacted data.</summary>
        public string? Id { get; set; }

        public string Name { get; init; } = "";

        public bool IsCustom { get; init; }

        public StringBuilder Value { get; } = new();

        public List<TokenLogprob> Logprobs { get; } = [];

        public List<ChatCitation> Citations { get; } = [];

        /// <summary>Citations that came when this was not the last part any more.</summary>
        public int Late { get; set; }

        public ChatPart Whole() => kind switch
        {
            Kind.Text => new ChatPart.Text(Value.ToString()) { Citations = Citations, LateCitations = Late, Logprobs = Logprobs },
            Kind.Thinking => new ChatPart.Thinking(Value.ToString(), Id),
            Kind.Redacted => new ChatPart.RedactedThinking(Id!),
            Kind.Refusal => new ChatPart.Refusal(Value.ToString()),
            _ when IsCustom => new ChatPart.ToolCall(Id!, Name, Value.ToString()) { IsCustom = true },
            _ => new ChatPart.ToolCall(Id!, Name, Value.ToString() is var text && string.IsNullOrWhiteSpace(text) ? "{}" : text),
        };
    }
}
