using System.Numerics;
using System.Runtime.InteropServices;
using Milliways.Engine.Native;

namespace Milliways.Engine.Scheduling;

/// <summary>Chooses the tokens of one sequence.</summary>
internal sealed unsafe class TokenSampler : IDisposable
{
    private readonly SamplerHandle? _chain;
    private readonly int _vocabularySize;

    /// <param name="sampling">What the request and the model ask for.</param>
    /// <param name="choice">Which answer of the request; each has its own random numbers.</param>
    /// <param name="maxTokens">How many tokens will be chosen at most.</param>
    /// <param name="vocabularySize">How many there are to choose from.</param>
    internal TokenSampler(ResolvedSampling sampling, int choice, int maxTokens, int vocabularySize)
    {
        _vocabularySize = vocabularySize;
        // The likeliest of unchanged logits needs no list of candidates.
        if (sampling.IsGreedy && !sampling.Repeats && !sampling.Counts && sampling.LogitBias.Count == 0)
            return;
        _chain = LlamaNative.llama_sampler_chain_init(LlamaNative.llama_sampler_chain_default_params());
        AddBiases(sampling.LogitBias);
        if (sampling.Repeats)
            Add(LlamaNative.llama_sampler_init_penalties(vocabularySize, sampling.RepeatLastTokens, sampling.RepeatPenalty, 0, 0));
        if (sampling.Counts)
            Add(LlamaNative.llama_sampler_init_penalties(vocabularySize, maxTokens, 1, sampling.FrequencyPenalty, sampling.PresencePenalty));
        if (sampling.IsGreedy)
        {
            Add(LlamaNative.llama_sampler_init_greedy());
            return;
        }
        // The cuts come before the temperature: how many tokens are plausible does not depend on how boldly one chooses among them.
        if (sampling.TopK > 0)
            Add(LlamaNative.llama_sampler_init_top_k(sampling.TopK));
        if (sampling.TopP < 1)
            Add(LlamaNative.llama_sampler_init_top_p(sampling.TopP, 1));
        if (sampling.MinP > 0)
            Add(LlamaNative.llama_sampler_init_min_p(sampling.MinP, 1));
        Add(LlamaNative.llama_sampler_init_temp(sampling.Temperature));
        Add(LlamaNative.llama_sampler_init_dist(sampling.SeedOf(choice)));
    }

    /// <summary>The next token, from the logits of the batch's token <paramref name="index"/>.</summary>
    internal int Next(ContextHandle context, int index) =>
        _chain is null ? IndexOfLargest(Logits(context, index)) : LlamaNative.llama_sampler_sample(_chain, context, index);

    /// <summary>The logits it chooses from; valid until the next step.</summary>
    internal ReadOnlySpan<float> Logits(ContextHandle context, int index)
    {
        var logits = LlamaNative.llama_get_logits_ith(context, index);
        return logits != null
            ? new ReadOnlySpan<float>(logits, _vocabularySize)
            : throw new EngineException($"llama.cpp has no logits for token {index} of the batch");
    }

    public void Dispose() => _chain?.Dispose();

    // Blocks keep it to one vectorised pass; only the best block is searched number by number.
    internal static int IndexOfLargest(ReadOnlySpan<float> values)
    {
        const int Block = 1024;
        var (best, start) = (float.NegativeInfinity, 0);
        for (var i = 0; i < values.Length; i += Block)
        {
            var largest = Largest(values.Slice(i, Math.Min(Block, values.Length - i)));
            if (largest > best)
                (best, start) = (largest, i);
        }
        for (var i = start; i < values.Length; i++)
        {
            if (values[i] == best)
                return i;
        }
        return 0;
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        var largest = new Vector<float>(float.NegativeInfinity);
        foreach (var vector in vectors)
            largest = Vector.Max(largest, vector);
        var result = float.NegativeInfinity;
        for (var i = 0; i < Vector<float>.Count; i++)
            result = MathF.Max(result, largest[i]);
        foreach (var value in values[(vectors.Length * Vector<float>.Count)..])
            result = MathF.Max(result, value);
        return result;
    }

    private void Add(nint sampler) => LlamaNative.llama_sampler_chain_add(_chain!, sampler);

    private void AddBiases(IReadOnlyDictionary<int, float> biases)
    {
        if (biases.Count == 0)
            return;
        var list = new LlamaLogitBias[biases.Count];
        var i = 0;
        foreach (var (token, bias) in biases)
            list[i++] = new LlamaLogitBias { Token = token, Bias = bias };
        fixed (LlamaLogitBias* first = list)
            Add(LlamaNative.llama_sampler_init_logit_bias(_vocabularySize, list.Length, first));
    }
}
