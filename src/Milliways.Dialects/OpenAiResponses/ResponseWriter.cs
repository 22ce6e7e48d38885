using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>A whole response (dialects 3.5; xai-api 1.6.2) with the items that its stream would have had; the first choice of the fold.</summary>
public static class ResponseWriter
{
    /// <summary>Usage given here outranks the fold's.</summary>
    public static void Write(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, ChatUsage? usage = null, long? costTicks = null)
    {
        var choice = fold.Choices is [var first, ..] ? first : new ChatAnswer(0, [], StopReason.EndTurn, null);
        var items = Items(choice, facts);
        if (items.Count > 0) items[^1].IsIncomplete = Answers.IsIncomplete(choice.Reason);
        using var writer = JsonText.Writer(output);
        new ResponseBody(facts).Write(writer, Answers.State(choice.Reason, items, usage ?? fold.Usage, costTicks));
    }

    private static List<OutputItem> Items(ChatAnswer choice, AnswerFacts facts)
    {
        var (ids, items, length) = (new ItemIds(facts.Id), new List<OutputItem>(), 0);
        foreach (var part in choice.Parts)
        {
            switch (part)
            {
                case ChatPart.Text text:
                    var piece = Part(items, ids, isRefusal: false, length, text.Value);
                    piece.Citations.AddRange(text.Citations);
                    piece.Logprobs.AddRange(text.Logprobs);
                    length += text.Value.Length;
                    break;
                case ChatPart.Refusal refusal:
                    Part(items, ids, isRefusal: true, length, refusal.Value);
                    break;
                case ChatPart.Thinking thinking:
                    var signature = facts.Request.EncryptedReasoning && thinking.Signature is { } given ? ReasoningItem.OfSignature(given) : null;
                    if (thinking.Value.Length > 0 || signature is not null) Add(items, ids, ItemKind.Reasoning, thinking.Value).Encrypted = signature;
                    break;
                case ChatPart.RedactedThinking redacted:
                    if (facts.Request.EncryptedReasoning) Add(items, ids, ItemKind.Reasoning, "").Encrypted = ReasoningItem.OfRedacted(redacted.Data);
                    break;
                case ChatPart.ToolCall call:
                    var (kind, (space, name)) = (call.IsCustom ? ItemKind.CustomCall : ItemKind.Call, Namespaces.Split(facts.Request, call.Name));
                    Add(items, new OutputItem(kind, ids.Next(kind)) { CallId = call.Id, Name = name, Space = space }, call.Arguments);
                    break;
            }
        }

        return items;
    }

    private static OutputPart Part(List<OutputItem> items, ItemIds ids, bool isRefusal, int start, string text)
    {
        var message = items is [.., { Kind: ItemKind.Message } last] ? last : Add(items, ids, ItemKind.Message, "");
        var part = new OutputPart(isRefusal, start);
        part.Value.Append(text);
        message.Parts.Add(part);
        return part;
    }

    private static OutputItem Add(List<OutputItem> items, ItemIds ids, ItemKind kind, string value) => Add(items, new OutputItem(kind, ids.Next(kind)), value);

    private static OutputItem Add(List<OutputItem> items, OutputItem item, string value)
    {
        item.Value.Append(value);
        item.IsClosed = true;
        items.Add(item);
        return item;
    }
}
