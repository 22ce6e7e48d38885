using System.Runtime.InteropServices;
using Milliways.Engine.Native;

namespace Milliways.Engine.Scheduling;

/// <summary>
/// The context with its key/value cache. All sequences share one pool of cells (unified), for three reasons: any request can use the
/// model's whole context; prompts and answers share one micro-batch; and choices share their prompt. The price, masked cells of other sequences in
/// the
/// attention, is small because flash attention skips them (measured with 16 sequences: 159 tokens/s, without flash attention 107).
/// </summary>
/// <remarks>
/// llama.cpp writes the whole cache when it makes it, so its size is resident memory from the first moment, used or not. So the pool begins small,
/// doubles when its sequences come near its end (they are copied over), and shrinks when it has rested.
/// </remarks>
internal sealed unsafe class SequenceMemory : IDisposable
{
    private const int FlashAttentionAuto = -1;

    private readonly ModelHandle _model;
    private readonly LanguageModelOptions _options;
    private readonly ThreadpoolHandle _threads;
    private readonly AbortFlag _abort;

    internal SequenceMemory(ModelHandle model, LanguageModelOptions options, AbortFlag abort)
    {
        (_model, _options, _abort) = (model, options, abort);
        var threads = options.Threads ?? LanguageModelOptions.DefaultThreads;
        (Threads, BatchThreads) = (threads, options.BatchThreads ?? threads);
        _threads = ThreadpoolHandle.Create(Math.Max(Threads, BatchThreads));
        Cells = options.IdlePoolTokens;
        Context = Create(Cells);
    }

    internal int Threads { get; }
    internal int BatchThreads { get; }
    internal ContextHandle Context { get; private set; }

    /// <summary>Tokens the pool holds at its present size.</summary>
    internal int Cells { get; private set; }

    /// <summary>Tokens a batch may have.</summary>
    internal int BatchTokens => _options.Sequences + Math.Max(_options.PromptSlice, _options.IdlePromptSlice);

    /// <summary>Forgets a sequence.</summary>
    internal void Remove(int sequence) => LlamaNative.llama_memory_seq_rm(LlamaNative.llama_get_memory(Context), sequence, -1, -1);

    /// <summary>Lets <paramref name="target"/> begin with all that <paramref name="source"/> holds, without a copy.</summary>
    internal void Share(int source, int target) => LlamaNative.llama_memory_seq_cp(LlamaNative.llama_get_memory(Context), source, target, -1, -1);

    /// <summary>The last position of a sequence, or -1.</summary>
    internal int LastPosition(int sequence) => LlamaNative.llama_memory_seq_pos_max(LlamaNative.llama_get_memory(Context), sequence);

    /// <summary>Makes room for this many tokens in all, keeping the sequences that hold something.</summary>
    internal void Grow(int cells)
    {
        if (cells <= Cells)
            return;
        var target = Cells;
        while (target < cells)
            target *= 2;
        Replace(Math.Min(target, _options.PoolTokens));
    }

    /// <summary>Goes back to the size at rest. Only while no sequence holds anything.</summary>
    internal void Shrink()
    {
        if (Cells == _options.IdlePoolTokens)
            return;
        // The old cache goes first: both at once would be the peak this is to avoid.
        Context.Dispose();
        Cells = _options.IdlePoolTokens;
        Context = Create(Cells);
    }

    public void Dispose()
    {
        Context.Dispose();
        _threads.Dispose();
    }

    private void Replace(int cells)
    {
        var old = Context;
        var next = Create(cells);
        byte* buffer = null;
        try
        {
            for (var sequence = 0; sequence < _options.Sequences; sequence++)
            {
                if (LastPosition(sequence) < 0)
                    continue;
                var size = LlamaNative.llama_state_seq_get_size(old, sequence);
                buffer = (byte*)NativeMemory.Realloc(buffer, size);
                var written = LlamaNative.llama_state_seq_get_data(old, buffer, size, sequence);
                if (written == 0 || LlamaNative.llama_state_seq_set_data(next, buffer, written, sequence) == 0)
                    throw new EngineException($"llama.cpp could not move sequence {sequence} to a cache of {cells} tokens");
            }
        }
        catch
        {
            next.Dispose();
            throw;
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
        (Context, Cells) = (next, cells);
        old.Dispose();
    }

    private ContextHandle Create(int cells)
    {
        var parameters = LlamaNative.llama_context_default_params();
        parameters.ContextTokens = (uint)cells;
        parameters.BatchTokens = (uint)BatchTokens;
        parameters.MicroBatchTokens = (uint)BatchTokens;
        parameters.MaxSequences = (uint)_options.Sequences;
        // Each sequence asks for the logits of one token a step; room for a whole batch's would be the largest buffer of all.
        parameters.MaxOutputs = (uint)_options.Sequences;
        parameters.Threads = Threads;
        parameters.BatchThreads = BatchThreads;
        parameters.FlashAttentionType = FlashAttentionAuto;
        parameters.UnifiedKeyValues = true;
        parameters.AbortCallback = AbortFlag.Callback;
        parameters.AbortState = _abort.State;
        return ContextHandle.Create(_model, parameters, _threads);
    }
}
