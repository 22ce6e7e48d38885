using System.Collections.Concurrent;

namespace Milliways.Engine.Tests.Scheduling;

/// <summary>What each step of a greedy answer chose, what came second, and by how much.</summary>
internal sealed class GapProbe
{
    private readonly ConcurrentQueue<Step> _steps = new();

    public Step[] Steps => [.. _steps];

    public void See(int choice, int step, ReadOnlySpan<float> logits)
    {
        var (best, second) = (0, -1);
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                (best, second) = (i, best);
            else if (second < 0 || logits[i] > logits[second])
                second = i;
        }
        _steps.Enqueue(new Step(best, second, logits[best] - logits[second]));
    }

    public readonly record struct Step(int Best, int Second, float Gap);
}
