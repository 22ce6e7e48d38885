using System.Diagnostics;
using Milliways.Engine;
using Milliways.Engine.Native;
using Milliways.Engine.Scheduling;

namespace Milliways.Bench.Engine;

/// <summary>The baseline: decode, choose, decode, with nothing around it. Same context, batch and threads as the scheduler's.</summary>
internal sealed class BareLoop(ModelHandle model, BenchOptions options, ResolvedSampling sampling, int vocabularySize)
{
    /// <summary>Tokens a second of all sequences together, prompts not counted.</summary>
    internal double Run(int sequences, int[] prompt)
    {
        using var abort = new AbortFlag();
        var cells = 2048;
        while (cells < sequences * (prompt.Length + options.Tokens))
            cells *= 2;
        using var memory = new SequenceMemory(
            model, new LanguageModelOptions { Path = options.Model, Threads = options.Threads, IdlePoolTokens = cells, PoolTokens = cells }, abort);
        using var batch = new BatchBuffer(memory.BatchTokens);
        var samplers = new TokenSampler[sequences];
        var tokens = new int[sequences];
        for (var s = 0; s < sequences; s++)
        {
            samplers[s] = new TokenSampler(sampling, s, options.Tokens, vocabularySize);
            batch.Clear();
            for (var i = 0; i < prompt.Length; i++)
                batch.Add(prompt[i], i, s, i == prompt.Length - 1);
            Decode(batch, memory);
            tokens[s] = samplers[s].Next(memory.Context, prompt.Length - 1);
        }

        var started = Stopwatch.GetTimestamp();
        for (var step = 1; step < options.Tokens; step++)
        {
            batch.Clear();
            for (var s = 0; s < sequences; s++)
                batch.Add(tokens[s], prompt.Length + step - 1, s, logits: true);
            Decode(batch, memory);
            for (var s = 0; s < sequences; s++)
                tokens[s] = samplers[s].Next(memory.Context, s);
        }
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        foreach (var sampler in samplers)
            sampler.Dispose();
        return sequences * (options.Tokens - 1) / seconds;
    }

    private static void Decode(BatchBuffer batch, SequenceMemory memory)
    {
        var result = batch.Decode(memory.Context);
        if (result != 0)
            throw new InvalidOperationException($"llama_decode failed with {result}");
    }
}
