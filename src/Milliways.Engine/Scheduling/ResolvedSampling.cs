using System.Security.Cryptography;

namespace Milliways.Engine.Scheduling;

/// <summary>Sampling with nothing left open: the request's values, else the model's, else off.</summary>
internal sealed record ResolvedSampling(
    float Temperature, float TopP, int TopK, float MinP, float FrequencyPenalty, float PresencePenalty, float RepeatPenalty, int RepeatLastTokens,
    IReadOnlyDictionary<int, float> LogitBias, long Seed)
{
    private static readonly Dictionary<int, float> NoBias = [];

    internal bool IsGreedy => Temperature <= 0;
    internal bool Repeats => RepeatPenalty != 1 && RepeatLastTokens > 0;
    internal bool Counts => FrequencyPenalty != 0 || PresencePenalty != 0;

    internal static ResolvedSampling From(SamplingOptions request, SamplingOptions model) => new(
        request.Temperature ?? model.Temperature ?? 1,
        request.TopP ?? model.TopP ?? 1,
        request.TopK ?? model.TopK ?? 0,
        request.MinP ?? model.MinP ?? 0,
        request.FrequencyPenalty ?? model.FrequencyPenalty ?? 0,
        request.PresencePenalty ?? model.PresencePenalty ?? 0,
        request.RepeatPenalty ?? model.RepeatPenalty ?? 1,
        request.RepeatLastTokens ?? model.RepeatLastTokens ?? 64,
        request.LogitBias ?? model.LogitBias ?? NoBias,
        request.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue));

    /// <summary>The seed of a choice in llama.cpp's 32 bits, never the one value by which llama.cpp means "random".</summary>
    internal uint SeedOf(int choice)
    {
        var seed = (ulong)(Seed + choice);
        var folded = (uint)(seed ^ (seed >> 32));
        return folded == uint.MaxValue ? 0x9E3779B9 : folded;
    }
}
