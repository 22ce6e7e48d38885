using System.Text;
using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>A whole answer as GetChatCompletionResponse (xai-api 3.4.1).</summary>
public static class AnswerWriter
{
    /// <param name="fold">The answer.</param>
    /// <param name="facts">What it says of itself; <see cref="AnswerFacts.Created"/> in Unix seconds.</param>
    /// <param name="usage">Outranks the fold's.</param>
    /// <param name="costTicks">What it was charged, in ticks of 10⁻¹⁰ USD; null: not charged at all.</param>
    public static GetChatCompletionResponse Write(ChatFold fold, AnswerFacts facts, ChatUsage? usage = null, long? costTicks = null)
    {
        var answer = new GetChatCompletionResponse
        {
            Id = facts.Id, Model = facts.Model, Created = new Timestamp { Seconds = facts.Created }, SystemFingerprint = facts.Fingerprint ?? "",
            Usage = UsageWriter.Of(usage ?? fold.Usage ?? default, costTicks), Settings = SettingsWriter.Of(facts.Request), ServiceTier = Tier(facts.Request),
        };
        var citations = new CitationWriter(Asked.InlineCitations(facts.Request));
        var choices = fold.Choices;
        foreach (var choice in choices) answer.Outputs.Add(Output(choice, facts.Request, citations));
        if (choices.Count == 0) answer.Outputs.Add(Output(new ChatAnswer(0, [], StopReason.EndTurn, null), facts.Request, citations));
        citations.List(answer.Citations);
        return answer;
    }

    /// <summary>The tier that was asked for, which is as much as is known of it.</summary>
    internal static ServiceTier Tier(ChatRequest request) => request.ServiceTier switch
    {
        "default" => ServiceTier.Default,
        "priority" => ServiceTier.Priority,
        _ => ServiceTier.Unspecified,
    };

    private static CompletionOutput Output(ChatAnswer choice, ChatRequest request, CitationWriter citations)
    {
        var message = new CompletionMessage { Role = MessageRole.RoleAssistant };
        var (text, reasoning, proof) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        var logprobs = new List<TokenLogprob>();
        foreach (var part in choice.Parts)
        {
            switch (part)
            {
                case ChatPart.Text said:
                    text.Append(said.Value);
                    logprobs.AddRange(said.Logprobs);
                    foreach (var citation in said.Citations)
                    {
                        citations.Add(citation);
                        if (citations.Inline(citation) is { } inline) message.Citations.Add(inline);
                    }

                    break;
                // There is no word for a refusal: it is what the model said.
                case ChatPart.Refusal refusal:
                    text.Append(refusal.Value);
                    break;
                case ChatPart.Thinking thinking:
                    reasoning.Append(thinking.Value);
                    ReasoningSeal.Sign(proof, thinking.Signature, thinking.Value.Length);
                    break;
                case ChatPart.RedactedThinking redacted:
                    ReasoningSeal.Redact(proof, redacted.Data);
                    break;
                case ChatPart.ToolCall call:
                    message.ToolCalls.Add(CallWriter.Of(call));
                    break;
            }
        }

        message.Content = text.ToString();
        message.ReasoningContent = reasoning.ToString();
        var isSealed = request.EncryptedReasoning && choice.Parts.Any(part => part is ChatPart.Thinking { Signature: not null } or ChatPart.RedactedThinking);
        if (isSealed) message.EncryptedContent = proof.ToString();
        return new CompletionOutput
        {
            Index = choice.Index, Message = message, FinishReason = FinishReasons.Write(choice.Reason), Logprobs = logprobs.Count > 0 ? LogprobWriter.Of(logprobs) : null,
        };
    }
}
