using System.Buffers;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.OpenAiResponses;

/// <summary>
/// The items of an answer in a row, one open at a time (dialects 3.6: clients lose text otherwise): the first is written live, those behind it wait.
/// A call gives way when its arguments are whole JSON, anything else at once, so that fragments of interleaved calls find their item still open.
/// </summary>
internal sealed class ItemQueue(EventWriter events, IBufferWriter<byte> output, AnswerFacts facts)
{
    private readonly ItemIds ids = new(facts.Id);
    private readonly Queue<OutputItem> waiting = new();
    private readonly Dictionary<int, OutputItem> calls = [];
    private readonly List<TokenLogprob> early = [];
    private OutputItem? live;
    private OutputItem? last;
    private (OutputItem Item, OutputPart Part)? text;
    private int textLength;
    private int begun;

    /// <summary>All items in the order of their beginnings.</summary>
    public List<OutputItem> Items { get; } = [];

    /// <summary>Those that the caller has heard of.</summary>
    public IReadOnlyList<OutputItem> Begun => [.. Items.Where(item => item.Index >= 0)];

    /// <summary>False when arguments came for a call that is closed or never began: the answer cannot be told rightly any more.</summary>
    public bool IsSound { get; private set; } = true;

    public void Text(string piece, IReadOnlyList<TokenLogprob> logprobs)
    {
        if (piece.Length == 0 && text is not { Item.IsClosed: false })
        {
            // Tokens of a character that is not whole yet come without text: they go to the text that follows.
            early.AddRange(logprobs);
            return;
        }

        if (early.Count > 0)
        {
            logprobs = [.. early, .. logprobs];
            early.Clear();
        }

        textLength += piece.Length;
        Append(isRefusal: false, piece, logprobs);
    }

    public void Refusal(string piece) => Append(isRefusal: true, piece, []);

    /// <summary>A source of the last text; one without any text is none.</summary>
    public void Cite(ChatCitation citation)
    {
        if (text is not { } place) return;
        place.Part.Citations.Add(citation);
        // Of an item that waits it goes out with the item; a closed one tells of it in the whole response only.
        if (ReferenceEquals(place.Item, live)) events.Annotation(output, place.Item, place.Part, place.Item.Parts.IndexOf(place.Part), place.Part.Citations.Count - 1);
    }

    public void Reasoning(string piece) =>
        Append(last is { Kind: ItemKind.Reasoning, IsClosed: false, Encrypted: null } open ? open : Add(new OutputItem(ItemKind.Reasoning, ids.Next(ItemKind.Reasoning))), piece);

    /// <summary>Callers that did not ask for encrypted content get no item for what they could not read.</summary>
    public void Sign(string signature)
    {
        if (!facts.Request.EncryptedReasoning) return;
        var item = last is { Kind: ItemKind.Reasoning, IsClosed: false } open ? open : Add(new OutputItem(ItemKind.Reasoning, ids.Next(ItemKind.Reasoning)));
        item.Encrypted = ReasoningItem.OfSignature(signature);
    }

    public void Redacted(string data)
    {
        if (facts.Request.EncryptedReasoning) Add(new OutputItem(ItemKind.Reasoning, ids.Next(ItemKind.Reasoning)) { Encrypted = ReasoningItem.OfRedacted(data) });
    }

    public void StartCall(ChatEvent.ToolCallStarted call)
    {
        var (kind, (space, name)) = (call.IsCustom ? ItemKind.CustomCall : ItemKind.Call, Namespaces.Split(facts.Request, call.Name));
        calls[call.Index] = Add(new OutputItem(kind, ids.Next(kind)) { CallId = call.Id, Name = name, Space = space });
    }

    public void Arguments(int index, string arguments)
    {
        if (!calls.TryGetValue(index, out var call)) IsSound = false;
        else if (!call.IsClosed) Append(call, arguments);
        else if (!string.IsNullOrWhiteSpace(arguments)) IsSound = false;
    }

    /// <summary>The answer's content is whole: everything that waits goes out, and the last item closes.</summary>
    public void Finish(bool isIncomplete)
    {
        if (last is not null && !last.IsClosed) last.IsIncomplete = isIncomplete;
        while (live is not null)
        {
            Close(live);
            live = null;
            Next();
        }
    }

    private void Append(bool isRefusal, string piece, IReadOnlyList<TokenLogprob> logprobs)
    {
        var item = last is { Kind: ItemKind.Message, IsClosed: false } open ? open : Add(new OutputItem(ItemKind.Message, ids.Next(ItemKind.Message)));
        if (item.Parts is not [.., var part] || part.IsRefusal != isRefusal)
        {
            if (item.Parts.Count > 0 && ReferenceEquals(item, live)) events.PartDone(output, item, item.Parts[^1], item.Parts.Count - 1);
            item.Parts.Add(part = new OutputPart(isRefusal, textLength - piece.Length));
            if (ReferenceEquals(item, live)) events.PartAdded(output, item, part, item.Parts.Count - 1);
        }

        if (!isRefusal) text = (item, part);
        part.Value.Append(piece);
        part.Logprobs.AddRange(logprobs);
        if (ReferenceEquals(item, live)) events.PartDelta(output, item, part, item.Parts.Count - 1, piece, logprobs);
        Advance();
    }

    private void Append(OutputItem item, string piece)
    {
        var wasEmpty = item.Value.Length == 0;
        item.Value.Append(piece);
        if (item.Kind == ItemKind.Call) item.Balance.Add(piece);
        if (ReferenceEquals(item, live))
        {
            if (item.Kind == ItemKind.Reasoning && wasEmpty) events.SummaryAdded(output, item);
            SendValue(item, piece);
        }

        Advance();
    }

    private OutputItem Add(OutputItem item)
    {
        last = item;
        Items.Add(item);
        waiting.Enqueue(item);
        Advance();
        return item;
    }

    private void Advance()
    {
        while (waiting.Count > 0 && (live is null || !live.IsCall || live.Balance.IsComplete))
        {
            if (live is not null) Close(live);
            live = null;
            Next();
        }
    }

    private void Next()
    {
        if (!waiting.TryDequeue(out live)) return;
        live.Index = begun++;
        events.ItemAdded(output, live);
        for (var position = 0; position < live.Parts.Count; position++)
        {
            var part = live.Parts[position];
            events.PartAdded(output, live, part, position);
            events.PartDelta(output, live, part, position, part.Value.ToString(), part.Logprobs);
            for (var citation = 0; citation < part.Citations.Count; citation++) events.Annotation(output, live, part, position, citation);
            if (position < live.Parts.Count - 1) events.PartDone(output, live, part, position);
        }

        if (live.Value.Length == 0) return;
        if (live.Kind == ItemKind.Reasoning) events.SummaryAdded(output, live);
        SendValue(live, live.Value.ToString());
    }

    /// <summary>White space before a call's arguments waits for them: alone it is no arguments at all, and the done event must equal the deltas.</summary>
    private void SendValue(OutputItem item, string piece)
    {
        if (item.Sent == 0 && item.Kind == ItemKind.Call)
        {
            piece = item.Value.ToString();
            if (string.IsNullOrWhiteSpace(piece)) return;
        }

        item.Sent += piece.Length;
        events.ValueDelta(output, item, piece);
    }

    private void Close(OutputItem item)
    {
        item.IsClosed = true;
        if (item.Parts.Count > 0) events.PartDone(output, item, item.Parts[^1], item.Parts.Count - 1);
        if (item.Kind == ItemKind.Reasoning && item.Value.Length > 0) events.SummaryDone(output, item);
        if (item.IsCall) events.CallDone(output, item);
        events.ItemDone(output, item);
    }
}
