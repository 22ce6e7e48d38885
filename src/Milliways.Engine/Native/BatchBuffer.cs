using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>A reusable batch of tokens. More than its capacity would make llama.cpp abort, so it refuses them here.</summary>
internal sealed unsafe class BatchBuffer : SafeHandle
{
    private LlamaBatch _batch;

    internal BatchBuffer(int capacity)
        : base(0, ownsHandle: true)
    {
        Capacity = capacity;
        _batch = LlamaNative.llama_batch_init(capacity, 0, 1);
        SetHandle((nint)_batch.Tokens);
    }

    internal int Capacity { get; }
    internal int Count => _batch.TokenCount;
    internal int Room => Capacity - _batch.TokenCount;
    public override bool IsInvalid => handle == 0;

    internal void Clear() => _batch.TokenCount = 0;

    /// <summary>Adds a token and answers its index, by which its logits are found after decoding.</summary>
    internal int Add(int token, int position, int sequence, bool logits)
    {
        var index = _batch.TokenCount;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Capacity);
        _batch.Tokens[index] = token;
        _batch.Positions[index] = position;
        _batch.SequenceIdCounts[index] = 1;
        _batch.SequenceIds[index][0] = sequence;
        _batch.Logits[index] = logits ? (sbyte)1 : (sbyte)0;
        _batch.TokenCount = index + 1;
        return index;
    }

    /// <inheritdoc cref="LlamaNative.llama_decode"/>
    internal int Decode(ContextHandle context) => _batch.TokenCount > 0 ? LlamaNative.llama_decode(context, _batch) : 0;

    /// <inheritdoc cref="LlamaNative.llama_encode"/>
    internal int Encode(ContextHandle context) => _batch.TokenCount > 0 ? LlamaNative.llama_encode(context, _batch) : 0;

    protected override bool ReleaseHandle()
    {
        LlamaNative.llama_batch_free(_batch);
        return true;
    }
}
