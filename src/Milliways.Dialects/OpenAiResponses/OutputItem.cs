using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.OpenAiResponses;

internal enum ItemKind { Message, Reasoning, Call, CustomCall }

/// <summary>One item of an answer's output as it grows (dialects 3.5).</summary>
internal sealed class OutputItem(ItemKind kind, string id)
{
    /// <summary>Tells when a call's arguments are whole, so that it may give way to the next item.</summary>
    public JsonBalance Balance;

    public ItemKind Kind => kind;

    /// <summary>The item's own id; results refer to <see cref="CallId"/>.</summary>
    public string Id => id;

    /// <summary>A message's parts.</summary>
    public List<OutputPart> Parts { get; } = [];

    /// <summary>Reasoning's summary, a call's arguments, or a custom call's input.</summary>
    public StringBuilder Value { get; } = new();

    public string CallId { get; init; } = "";

    public string Name { get; init; } = "";

    public string? Space { get; init; }

    /// <summary>Reasoning in our own encoding, for callers that asked for it.</summary>
    public string? Encrypted { get; set; }

    /// <summary>What of <see cref="Value"/> has gone out in deltas.</summary>
    public int Sent { get; set; }

    public int Index { get; set; } = -1;

    public bool IsClosed { get; set; }

    /// <summary>The output bound or a filter cut it off.</summary>
    public bool IsIncomplete { get; set; }

    public bool IsCall => kind is ItemKind.Call or ItemKind.CustomCall;

    /// <summary>A call's arguments are never empty (dialects 4.6); a custom call's input may be.</summary>
    public string Text
    {
        get
        {
            var text = Value.ToString();
            return kind == ItemKind.Call && string.IsNullOrWhiteSpace(text) ? "{}" : text;
        }
    }
}

/// <summary>One part of a message: text with its sources and log probabilities, or a refusal.</summary>
internal sealed class OutputPart(bool isRefusal, int start)
{
    public bool IsRefusal => isRefusal;

    /// <summary>How many characters of the answer's text stand before this part: citations of the neutral model count from there.</summary>
    public int Start => start;

    public StringBuilder Value { get; } = new();

    public List<ChatCitation> Citations { get; } = [];

    public List<TokenLogprob> Logprobs { get; } = [];
}
