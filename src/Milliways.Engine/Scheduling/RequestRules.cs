using Milliways.Engine.Native;

namespace Milliways.Engine.Scheduling;

/// <summary>Refuses what the model cannot do, and what would make llama.cpp end the process.</summary>
internal static class RequestRules
{
    private const int MaxStops = 4;
    private const int MaxStopLength = 1024;

    /// <summary>The first rule that is broken, or null.</summary>
    internal static Refusal? Check(GenerationRequest request, Vocabulary vocabulary, int contextTokens, int sequences)
    {
        var s = request.Sampling;
        if (!ReferenceEquals(request.Prompt.Vocabulary, vocabulary))
            return Invalid("prompt", "The prompt was made by another model.");
        if (request.Prompt.Count == 0)
            return Invalid("prompt", "The prompt is empty.");
        if (request.Choices < 1 || request.Choices > sequences)
            return Invalid("n", $"n must be 1 to {sequences}.");
        if (request.MaxTokens is < 1)
            return Invalid("max_tokens", "max_tokens must be at least 1.");
        if (request.Stop.Count > MaxStops)
            return Invalid("stop", $"At most {MaxStops} stop sequences are possible.");
        foreach (var stop in request.Stop)
        {
            if (stop.Length is 0 or > MaxStopLength || !IsWellFormed(stop))
                return Invalid("stop", $"A stop sequence must be well-formed text of 1 to {MaxStopLength} characters.");
        }
        Refusal? broken = Range("temperature", s.Temperature, 0, 100)
            ?? Range("top_p", s.TopP, 0, 1)
            ?? Range("min_p", s.MinP, 0, 1)
            ?? Range("frequency_penalty", s.FrequencyPenalty, -2, 2)
            ?? Range("presence_penalty", s.PresencePenalty, -2, 2)
            ?? Range("repetition_penalty", s.RepeatPenalty, 0.01f, 10)
            ?? Range("top_k", s.TopK, 0, int.MaxValue)
            ?? Range("repeat_last_n", s.RepeatLastTokens, 0, 65536)
            ?? CheckBias(s.LogitBias, vocabulary);
        return broken ?? (request.Prompt.Count + 1 > contextTokens ? new Refusal.ContextExceeded(request.Prompt.Count, contextTokens) : null);
    }

    private static Refusal.InvalidParameter? CheckBias(IReadOnlyDictionary<int, float>? biases, Vocabulary vocabulary)
    {
        foreach (var (token, bias) in biases ?? new Dictionary<int, float>())
        {
            if (!vocabulary.Contains(token))
                return Invalid("logit_bias", $"logit_bias names token {token}; the model's tokens are 0 to {vocabulary.Count - 1}.");
            if (!(bias is >= -100 and <= 100))
                return Invalid("logit_bias", "A logit_bias must be -100 to 100.");
        }
        return null;
    }

    // Written so that NaN is outside.
    private static Refusal.InvalidParameter? Range(string name, float? value, float from, float to) =>
        value is null || (value >= from && value <= to) ? null : Invalid(name, $"{name} must be {from} to {to}.");

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }
        return true;
    }

    private static Refusal.InvalidParameter Invalid(string name, string text) => new(name, text);
}
