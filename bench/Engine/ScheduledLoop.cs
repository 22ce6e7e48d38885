using System.Diagnostics;
using Milliways.Engine;

namespace Milliways.Bench.Engine;

/// <summary>The same work through the front door: queue, admission, events, text.</summary>
internal static class ScheduledLoop
{
    /// <summary>
    /// Tokens a second of all sequences together, while all are generating: from the last one's first token to the first one's last.
    /// </summary>
    internal static async Task<double> RunAsync(LanguageModel model, BenchOptions options, SamplingOptions sampling, int sequences, Prompt prompt)
    {
        var readers = Enumerable.Range(0, sequences).Select(s => ReadAsync(model.Submit(new GenerationRequest
        {
            Prompt = prompt,
            Sampling = sampling,
            MaxTokens = options.Tokens,
            FairnessKey = s.ToString(System.Globalization.CultureInfo.InvariantCulture),
        }).Generation!)).ToArray();
        var times = await Task.WhenAll(readers);
        var first = times.Max(t => t.First);
        var last = times.Min(t => t.Stamps[^1]);
        var tokens = times.Sum(t => t.Stamps.Count(s => s > first && s <= last));
        return tokens / Stopwatch.GetElapsedTime(first, last).TotalSeconds;
    }

    private static async Task<(long First, List<long> Stamps)> ReadAsync(Generation generation)
    {
        var stamps = new List<long>();
        await foreach (var happening in generation.Events.ReadAllAsync())
        {
            if (happening is GenerationEvent.Text text)
            {
                var now = Stopwatch.GetTimestamp();
                for (var i = 0; i < text.Tokens; i++)
                    stamps.Add(now);
            }
        }
        return (stamps[0], stamps);
    }
}
