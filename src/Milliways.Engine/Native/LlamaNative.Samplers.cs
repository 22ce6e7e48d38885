using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

internal static unsafe partial class LlamaNative
{
    [LibraryImport(Library)] internal static partial LlamaSamplerChainParams llama_sampler_chain_default_params();
    [LibraryImport(Library)] internal static partial SamplerHandle llama_sampler_chain_init(LlamaSamplerChainParams parameters);

    /// <summary>The chain owns the added sampler from here on.</summary>
    [LibraryImport(Library)] internal static partial void llama_sampler_chain_add(SamplerHandle chain, nint sampler);
    [LibraryImport(Library)] internal static partial void llama_sampler_free(nint sampler);

    /// <summary>Chooses from the logits of the batch's token <paramref name="index"/> and accepts the choice.</summary>
    [LibraryImport(Library)] internal static partial int llama_sampler_sample(SamplerHandle chain, ContextHandle context, int index);

    [LibraryImport(Library)] internal static partial nint llama_sampler_init_greedy();
    [LibraryImport(Library)] internal static partial nint llama_sampler_init_dist(uint seed);
    [LibraryImport(Library)] internal static partial nint llama_sampler_init_top_k(int k);
    [LibraryImport(Library)] internal static partial nint llama_sampler_init_top_p(float p, nuint minKeep);
    [LibraryImport(Library)] internal static partial nint llama_sampler_init_min_p(float p, nuint minKeep);
    [LibraryImport(Library)] internal static partial nint llama_sampler_init_temp(float temperature);

    [LibraryImport(Library)]
    internal static partial nint llama_sampler_init_penalties(int vocabularySize, int lastTokens, float repeat, float frequency, float presence);
    [LibraryImport(Library)] internal static partial nint llama_sampler_init_logit_bias(int vocabularySize, int count, LlamaLogitBias* biases);
}
