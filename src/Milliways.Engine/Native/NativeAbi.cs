using System.Runtime.CompilerServices;

namespace Milliways.Engine.Native;

/// <summary>
/// Whether the libraries are the ones this binding was written for. llama.cpp changes its structs between releases without a word,
/// and a wrong layout corrupts memory instead of failing, so anything unexpected refuses the start.
/// </summary>
internal static unsafe class NativeAbi
{
    /// <summary>What <c>llama_version</c> answers in the pinned packages: 3.22.1 (Linux) and 3.21.1 (Windows, macOS).</summary>
    internal static readonly string[] PinnedVersions = ["0.5.0-dev", "0.4.0-dev"];

    /// <exception cref="EngineException">The version, a struct's layout or a default is not the pinned one.</exception>
    internal static void Verify(string version)
    {
        if (!PinnedVersions.Contains(version, StringComparer.Ordinal))
            throw new EngineException(
                $"llama.cpp {version} is not a release this build was made for ({string.Join(" or ", PinnedVersions)}); run 'npm ci' and build again");

        var mismatches = Mismatches().ToList();
        if (mismatches.Count > 0)
            throw new EngineException($"llama.cpp {version} is laid out differently than this build expects: {string.Join("; ", mismatches)}");
    }

    private static IEnumerable<string> Mismatches() => Layouts().Concat(Defaults()).Where(c => c.Actual != c.Expected)
        .Select(c => $"{c.Name} is {c.Actual}, not {c.Expected}");

    /// <summary>Sizes and offsets in bytes, as the C compiler lays the headers out on 64-bit platforms.</summary>
    internal static IEnumerable<Check> Layouts()
    {
        LlamaModelParams model;
        LlamaContextParams context;
        LlamaBatch batch;
        GgmlThreadpoolParams pool;
        return
        [
            new("sizeof(model_params)", sizeof(LlamaModelParams), 80),
            new("model_params.n_gpu_layers", (byte*)&model.GpuLayers - (byte*)&model, 16),
            new("model_params.main_gpu", (byte*)&model.MainGpu - (byte*)&model, 32),
            new("model_params.tensor_split", (byte*)&model.TensorSplit - (byte*)&model, 40),
            new("model_params.progress_callback", (byte*)&model.ProgressCallback - (byte*)&model, 48),
            new("model_params.kv_overrides", (byte*)&model.KeyValueOverrides - (byte*)&model, 64),
            new("model_params.vocab_only", (byte*)&model.VocabularyOnly - (byte*)&model, 72),
            new("model_params.load_mtp", (byte*)&model.LoadMtp - (byte*)&model, 77),
            new("sizeof(context_params)", sizeof(LlamaContextParams), 160),
            new("context_params.n_outputs_max", (byte*)&context.MaxOutputs - (byte*)&context, 20),
            new("context_params.n_threads", (byte*)&context.Threads - (byte*)&context, 28),
            new("context_params.pooling_type", (byte*)&context.PoolingType - (byte*)&context, 44),
            new("context_params.flash_attn_type", (byte*)&context.FlashAttentionType - (byte*)&context, 52),
            new("context_params.yarn_orig_ctx", (byte*)&context.YarnOriginalContext - (byte*)&context, 80),
            new("context_params.cb_eval", (byte*)&context.EvaluationCallback - (byte*)&context, 88),
            new("context_params.type_k", (byte*)&context.KeyType - (byte*)&context, 104),
            new("context_params.abort_callback", (byte*)&context.AbortCallback - (byte*)&context, 112),
            new("context_params.embeddings", (byte*)&context.Embeddings - (byte*)&context, 128),
            new("context_params.kv_unified", (byte*)&context.UnifiedKeyValues - (byte*)&context, 133),
            new("context_params.samplers", (byte*)&context.Samplers - (byte*)&context, 136),
            new("context_params.ctx_other", (byte*)&context.OtherContext - (byte*)&context, 152),
            new("sizeof(batch)", sizeof(LlamaBatch), 56),
            new("batch.seq_id", (byte*)&batch.SequenceIds - (byte*)&batch, 40),
            new("batch.logits", (byte*)&batch.Logits - (byte*)&batch, 48),
            new("sizeof(logit_bias)", sizeof(LlamaLogitBias), 8),
            new("sizeof(chat_message)", sizeof(LlamaChatMessage), 16),
            new("sizeof(sampler_chain_params)", sizeof(LlamaSamplerChainParams), 1),
            new("sizeof(threadpool_params)", sizeof(GgmlThreadpoolParams), 528),
            new("threadpool_params.n_threads", (byte*)&pool.Threads - (byte*)&pool, 512),
            new("threadpool_params.paused", (byte*)&pool.Paused - (byte*)&pool, 525),
        ];
    }

    /// <summary>The library's own defaults, read through our layouts: a moved field shows as a wrong value.</summary>
    internal static IEnumerable<Check> Defaults()
    {
        var model = LlamaNative.llama_model_default_params();
        var context = LlamaNative.llama_context_default_params();
        return
        [
            new("default n_gpu_layers", model.GpuLayers, -1),
            new("default split_mode", model.SplitMode, 1),
            new("default load_mode", model.LoadMode, -1),
            new("default lazy_mode", model.LazyMode, 1),
            new("default use_extra_bufts", Raw(model.UseExtraBuffers), 1),
            new("default n_ctx", context.ContextTokens, 512),
            new("default n_batch", context.BatchTokens, 2048),
            new("default n_ubatch", context.MicroBatchTokens, 512),
            new("default n_seq_max", context.MaxSequences, 1),
            new("default n_threads", context.Threads, 4),
            new("default n_threads_batch", context.BatchThreads, 4),
            new("default rope_scaling_type", context.RopeScalingType, -1),
            new("default pooling_type", context.PoolingType, -1),
            new("default attention_type", context.AttentionType, -1),
            new("default flash_attn_type", context.FlashAttentionType, -1),
            new("default type_k", context.KeyType, 1),
            new("default type_v", context.ValueType, 1),
            new("default offload_kqv", Raw(context.OffloadKeyValues), 1),
            new("default no_perf", Raw(context.NoPerformanceCounters), 1),
            new("default op_offload", Raw(context.OffloadOperations), 1),
            new("default swa_full", Raw(context.FullSlidingWindow), 1),
            new("default kv_unified", Raw(context.UnifiedKeyValues), 0),
        ];
    }

    // A byte that is neither 0 nor 1 must show as itself.
    private static byte Raw(bool value) => Unsafe.BitCast<bool, byte>(value);

    /// <summary>One expectation about the library.</summary>
    internal readonly record struct Check(string Name, long Actual, long Expected);
}
