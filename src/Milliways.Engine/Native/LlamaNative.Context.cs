using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

internal static unsafe partial class LlamaNative
{
    [LibraryImport(Library)] internal static partial LlamaContextParams llama_context_default_params();
    [LibraryImport(Library)] internal static partial nint llama_init_from_model(ModelHandle model, LlamaContextParams parameters);
    [LibraryImport(Library)] internal static partial void llama_free(nint context);
    [LibraryImport(Library)] internal static partial uint llama_n_ctx(ContextHandle context);
    [LibraryImport(Library)] internal static partial uint llama_n_batch(ContextHandle context);
    [LibraryImport(Library)] internal static partial uint llama_n_seq_max(ContextHandle context);
    [LibraryImport(Library)] internal static partial int llama_pooling_type(ContextHandle context);

    [LibraryImport(Library)]
    internal static partial void llama_attach_threadpool(ContextHandle context, ThreadpoolHandle pool, ThreadpoolHandle batchPool);
    [LibraryImport(Library)] internal static partial void llama_detach_threadpool(ContextHandle context);

    [LibraryImport(Library)] internal static partial LlamaBatch llama_batch_init(int tokens, int embeddingLength, int sequencesPerToken);
    [LibraryImport(Library)] internal static partial void llama_batch_free(LlamaBatch batch);

    /// <summary>0 done; 1 no room in the key/value cache; 2 aborted by the callback; below 0 an error.</summary>
    [LibraryImport(Library)] internal static partial int llama_decode(ContextHandle context, LlamaBatch batch);

    /// <summary>0 done; below 0 an error.</summary>
    [LibraryImport(Library)] internal static partial int llama_encode(ContextHandle context, LlamaBatch batch);

    /// <summary>The logits of the batch's token <paramref name="index"/>, which must have been asked for; vocabulary-size floats.</summary>
    [LibraryImport(Library)] internal static partial float* llama_get_logits_ith(ContextHandle context, int index);

    /// <summary>The pooled embedding of one sequence of the last batch, or NULL.</summary>
    [LibraryImport(Library)] internal static partial float* llama_get_embeddings_seq(ContextHandle context, int sequence);
}
