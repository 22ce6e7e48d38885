using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>
/// Blocks in a row, one open at a time (dialects 2.11, 4.12.1): the first is written live, those behind it wait. A call gives way when its
/// arguments are whole JSON, anything else at once, so that fragments of interleaved calls find their block still open.
/// </summary>
internal sealed class BlockQueue(EventWriter events, IBufferWriter<byte> output, string answerId)
{
    private readonly Queue<Block> waiting = new();
    private readonly Dictionary<int, Block> calls = [];
    private readonly List<ChatCitation> late = [];
    private Block? live;
    private Block? last;

    /// <summary>The last block of text.</summary>
    private Block? texts;
    private int written;

    public bool HasCalls => calls.Count > 0;

    /// <summary>False when text came for a block that is already closed: the answer cannot be told rightly any more.</summary>
    public bool IsSound { get; private set; } = true;

    public void Text(string text) => Append(last is { Kind: BlockKind.Text, IsClosed: false } ? last : Add(new Block(BlockKind.Text)), text);

    /// <summary>
    /// A source of the last text; one without any text is none. What comes when another block has begun goes out at the end, in a text block of its own:
    /// a closed block takes nothing, and to keep one open would hold back what follows it.
    /// </summary>
    public void Cite(ChatCitation citation)
    {
        if (texts is not { } block) return;
        if (!ReferenceEquals(block, last)) late.Add(citation);
        else if (ReferenceEquals(block, live)) events.Citation(output, block.Index, citation);
        else block.Citations.Add(citation);
    }

    public void Thinking(string text) =>
        Append(last is { Kind: BlockKind.Thinking, IsClosed: false, Signature: null } ? last : Add(new Block(BlockKind.Thinking)), text);

    public void Sign(string signature) =>
        (last is { Kind: BlockKind.Thinking, IsClosed: false } ? last : Add(new Block(BlockKind.Thinking))).Signature = signature;

    public void Redacted(string data) => Add(new Block(BlockKind.Redacted) { Id = data });

    public void StartCall(int index, string id, string name) => calls[index] = Add(new Block(BlockKind.Call) { Id = id, Name = name });

    public void Arguments(int index, string arguments)
    {
        if (!calls.TryGetValue(index, out var call)) IsSound = false;
        else if (!call.IsClosed) Append(call, arguments);
        else if (!string.IsNullOrWhiteSpace(arguments)) IsSound = false;
    }

    /// <summary>The answer's content is whole: everything that waits goes out, and the last block closes.</summary>
    public void Finish()
    {
        if (late.Count > 0)
        {
            var block = new Block(BlockKind.Text);
            block.Citations.AddRange(late);
            late.Clear();
            waiting.Enqueue(block);
        }

        while (live is not null)
        {
            Close(live);
            live = null;
            Next();
        }
    }

    private Block Add(Block block)
    {
        last = block;
        if (block.Kind == BlockKind.Text) texts = block;
        waiting.Enqueue(block);
        Advance();
        return block;
    }

    private void Append(Block block, string text)
    {
        if (block.Kind == BlockKind.Call) block.Balance.Add(text);
        if (ReferenceEquals(block, live)) Write(block, text);
        else block.Held.Append(text);
        Advance();
    }

    private void Advance()
    {
        while (waiting.Count > 0 && (live is null || live.Kind != BlockKind.Call || live.Balance.IsComplete))
        {
            if (live is not null) Close(live);
            live = null;
            Next();
        }
    }

    private void Next()
    {
        if (!waiting.TryDequeue(out live)) return;
        live.Index = written++;
        events.BlockStart(output, live.Index, live.Kind, live.Id, live.Name);
        if (live.Held.Length > 0) Write(live, live.Held.ToString());
        live.Held.Clear();
        foreach (var citation in live.Citations) events.Citation(output, live.Index, citation);
    }

    private void Write(Block block, string text)
    {
        switch (block.Kind)
        {
            case BlockKind.Text:
                events.Delta(output, block.Index, "text_delta"u8, "text"u8, text);
                break;
            case BlockKind.Thinking:
                events.Delta(output, block.Index, "thinking_delta"u8, "thinking"u8, text);
                break;
            case BlockKind.Call:
                block.HasDelta = true;
                events.Delta(output, block.Index, "input_json_delta"u8, "partial_json"u8, text);
                break;
        }
    }

    private void Close(Block block)
    {
        // Clients hold on to one signature at the end of a thinking block, and to one fragment of a call's input.
        if (block.Kind == BlockKind.Thinking)
            events.Delta(output, block.Index, "signature_delta"u8, "signature"u8, block.Signature ?? Signatures.Own(answerId, block.Index));
        if (block is { Kind: BlockKind.Call, HasDelta: false }) Write(block, "");
        events.BlockStop(output, block.Index);
        block.IsClosed = true;
    }

    private sealed class Block(BlockKind kind)
    {
        public JsonBalance Balance;

        public BlockKind Kind => kind;

        public string Id { get; init; } = "";

        public string Name { get; init; } = "";

        public int Index { get; set; }

        public string? Signature { get; set; }

        public bool HasDelta { get; set; }

        public bool IsClosed { get; set; }

        public StringBuilder Held { get; } = new();

        public List<ChatCitation> Citations { get; } = [];
    }
}
