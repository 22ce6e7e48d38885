using System.Collections.Concurrent;

namespace Milliways.Engine.Tests.Scheduling;

/// <summary>What each step of a greedy answer chose, and how far behind the next few were.</summary>
internal sealed class GapProbe
{
    private const int Kept = 8;

    private readonly ConcurrentQueue<Step> _steps = new();

    public Step[] Steps => [.. _steps];

    public void See(int choice, int step, ReadOnlySpan<float> logits)
    {
        var top = new List<(int Token, float Logit)>(Kept + 1);
        for (var token = 0; token < logits.Length; token++)
        {
            if (top.Count == Kept && logits[token] <= top[^1].Logit)
                continue;
            var logit = logits[token];
            var at = top.FindIndex(t => t.Logit < logit);
            top.Insert(at < 0 ? top.Count : at, (token, logit));
            if (top.Count > Kept)
                top.RemoveAt(Kept);
        }
        _steps.Enqueue(new Step(top));
    }

    public sealed record Step(List<(int Token, float Logit)> Top)
    {
        public int Best => Top[0].Token;

        /// <summary>By how many logits the best led this token.</summary>
        public float LeadOver(int token) => Top.FindIndex(t => t.Token == token) is >= 0 and var at ? Top[0].Logit - Top[at].Logit : float.PositiveInfinity;
    }
}
