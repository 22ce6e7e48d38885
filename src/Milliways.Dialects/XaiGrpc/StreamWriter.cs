using System.Buffers;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>
/// Events to GetCompletionChunk's messages, each in its frame (xai-api 0.2 rule 14, 3.3). Clients overwrite id, model, created, usage, role and finish
/// reason with every chunk, and append text, calls and sources: so every chunk has the former, a call comes once and whole when its choice ends, and the
/// last chunk, which is the tail, has every choice's finish reason, the sources and the final usage. A broken answer ends in the call's status, which is
/// the host's to write.
/// </summary>
public sealed class StreamWriter : IStreamWriter
{
    private readonly IBufferWriter<byte> output;
    private readonly AnswerFacts facts;
    private readonly SortedDictionary<int, Choice> choices = [];
    private readonly CitationWriter citations;
    /// <summary>One chunk is written over and over: an answer has thousands.</summary>
    private readonly GetChatCompletionChunk chunk;
    private readonly CompletionOutputChunk piece = new() { Delta = new Delta { Role = MessageRole.RoleAssistant } };
    private ChatUsage? usage;
    private long said, thought;

    /// <summary>UTF-16 units of what has not been sent: arguments of calls, and what proves reasoning.</summary>
    private long held;

    private bool hasEnded;

    public StreamWriter(IBufferWriter<byte> output, AnswerFacts facts)
    {
        (this.output, this.facts) = (output, facts);
        citations = new CitationWriter(Asked.InlineCitations(facts.Request));
        chunk = new GetChatCompletionChunk
        {
            Id = facts.Id, Model = facts.Model, Created = new Timestamp { Seconds = facts.Created }, SystemFingerprint = facts.Fingerprint ?? "",
            Usage = new SamplingUsage(), ServiceTier = AnswerWriter.Tier(facts.Request),
        };
        chunk.Outputs.Add(piece);
    }

    public Failure? Failure { get; private set; }

    public void On(ChatEvent chatEvent)
    {
        if (Failure is not null) return;
        switch (chatEvent)
        {
            case ChatEvent.TextDelta delta when delta.Text.Length > 0 || delta.Logprobs.Count > 0:
                said++;
                Text(delta.Choice, delta.Text, delta.Logprobs);
                break;
            // There is no word for a refusal: it is what the model said.
            case ChatEvent.RefusalDelta { Text.Length: > 0 } delta:
                said++;
                Text(delta.Choice, delta.Text, []);
                break;
            case ChatEvent.ReasoningDelta { Text.Length: > 0 } delta:
                thought++;
                At(delta.Choice).Think(delta.Text.Length);
                piece.Delta.ReasoningContent = delta.Text;
                Send(delta.Choice);
                piece.Delta.ReasoningContent = "";
                break;
            case ChatEvent.ReasoningSigned signed:
                At(signed.Choice).Signature = signed.Signature;
                Hold(signed.Signature.Length);
                break;
            case ChatEvent.RedactedReasoning redacted:
                At(redacted.Choice).Redact(redacted.Data);
                Hold(redacted.Data.Length);
                break;
            case ChatEvent.Cited cited:
                Cite(cited);
                break;
            case ChatEvent.ToolCallStarted call:
                At(call.Choice).Close();
                At(call.Choice).Calls[call.Index] = new Call(call);
                break;
            case ChatEvent.ToolCallDelta { Arguments.Length: > 0 } delta:
                said++;
                if (!At(delta.Choice).Calls.TryGetValue(delta.Index, out var begun)) break;
                begun.Arguments.Append(delta.Arguments);
                Hold(delta.Arguments.Length);
                break;
            case ChatEvent.Finished finished:
                Finish(finished.Choice, At(finished.Choice), finished.Reason);
                break;
            case ChatEvent.UsageReported reported:
                usage = reported.Usage;
                break;
        }
    }

    public void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null)
    {
        if (hasEnded) return;
        hasEnded = true;
        if (choices.Count == 0) choices[0] = new Choice();
        chunk.Outputs.Clear();
        foreach (var (index, choice) in choices)
        {
            var delta = new Delta { Role = MessageRole.RoleAssistant };
            foreach (var call in choice.Calls.Values) delta.ToolCalls.Add(call.Whole());
            if (facts.Request.EncryptedReasoning && choice.Sealed() is { } proof) delta.EncryptedContent = proof;
            chunk.Outputs.Add(new CompletionOutputChunk
            {
                Index = index, Delta = delta, FinishReason = FinishReasons.Write(StopReasons.Settle(choice.Reason ?? StopReason.EndTurn, choice.HasCalls || choice.Calls.Count > 0)),
            });
        }

        citations.List(chunk.Citations);
        chunk.Usage = UsageWriter.Of(finalUsage ?? usage ?? default, costTicks);
        GrpcFrame.Write(tail, chunk);
    }

    private Choice At(int index)
    {
        if (choices.TryGetValue(index, out var choice)) return choice;
        return choices[index] = new Choice();
    }

    /// <summary>Calls and proofs go out whole: what has no place in a message is not gathered.</summary>
    private void Hold(int length)
    {
        held += length;
        if (held > facts.MostMessageBytes) Failure = GrpcFrame.TooLarge(facts.MostMessageBytes);
    }

    private void Text(int index, string text, IReadOnlyList<TokenLogprob> logprobs)
    {
        At(index).Close();
        piece.Delta.Content = text;
        piece.Logprobs = logprobs.Count > 0 ? LogprobWriter.Of(logprobs) : null;
        Send(index);
        piece.Delta.Content = "";
        piece.Logprobs = null;
    }

    private void Cite(ChatEvent.Cited cited)
    {
        citations.Add(cited.Citation);
        if (citations.Inline(cited.Citation) is not { } inline) return;
        At(cited.Choice);
        piece.Delta.Citations.Add(inline);
        Send(cited.Choice);
        piece.Delta.Citations.Clear();
    }

    private void Finish(int index, Choice choice, StopReason reason)
    {
        choice.Reason = reason;
        if (choice.Calls.Count == 0) return;
        foreach (var call in choice.Calls.Values) piece.Delta.ToolCalls.Add(call.Whole());
        held -= choice.Calls.Values.Sum(call => call.Arguments.Length);
        choice.Calls.Clear();
        choice.HasCalls = true;
        Send(index);
        piece.Delta.ToolCalls.Clear();
    }

    private void Send(int index)
    {
        piece.Index = index;
        UsageWriter.Fill(chunk.Usage, SoFar());
        if (!GrpcFrame.TryWrite(output, chunk, facts.MostMessageBytes)) Failure = GrpcFrame.TooLarge(facts.MostMessageBytes);
    }

    /// <summary>
    /// The running total. Most upstreams tell it at the end only: until then the prompt is guessed and every piece counts as the one token that it has at
    /// least, so that the total never falls.
    /// </summary>
    private ChatUsage SoFar()
    {
        var told = usage ?? new ChatUsage(facts.InputEstimate, 0, 0, 0, 0);
        var reasoning = Math.Max(told.Reasoning, thought);
        return told with { Output = Math.Max(told.Output - told.Reasoning, said) + reasoning, Reasoning = reasoning };
    }

    private sealed class Choice
    {
        private readonly StringBuilder proof = new();
        private int unsigned;
        private bool hasProof;

        public StopReason? Reason { get; set; }

        /// <summary>Calls that have not been sent.</summary>
        public SortedDictionary<int, Call> Calls { get; } = [];

        public bool HasCalls { get; set; }

        /// <summary>Of the reasoning since the last one; a later one of the same reasoning replaces it.</summary>
        public string? Signature { get; set; }

        public void Think(int length)
        {
            if (Signature is not null) Close();
            unsigned += length;
        }

        public void Redact(string data)
        {
            Close();
            hasProof = true;
            ReasoningSeal.Redact(proof, data);
        }

        /// <summary>What proves the reasoning; null when nothing does.</summary>
        public string? Sealed()
        {
            Close();
            return hasProof ? proof.ToString() : null;
        }

        /// <summary>Something else follows the reasoning: what proves it has been told.</summary>
        public void Close()
        {
            if (unsigned == 0 && Signature is null) return;
            hasProof |= Signature is not null;
            ReasoningSeal.Sign(proof, Signature, unsigned);
            (unsigned, Signature) = (0, null);
        }
    }

    private sealed class Call(ChatEvent.ToolCallStarted started)
    {
        public StringBuilder Arguments { get; } = new();

        public ToolCall Whole() => CallWriter.Of(new ChatPart.ToolCall(started.Id, started.Name, Arguments.ToString()) { IsCustom = started.IsCustom });
    }
}
