using Milliways.Dialects.Chat;

namespace Milliways.Routing.Retries;

/// <summary>Steps that are requests of their own, in order: the tries of one are used up before the next one begins, and any failure leads there.</summary>
/// <param name="steps">The plan of each, and how many attempts it has.</param>
internal sealed class StepsPlan(IReadOnlyList<(IRetryPlan Plan, int Attempts)> steps) : IRetryPlan
{
    private int _step;
    private int _first;

    public bool HasFresh => false;

    public int? NextFresh() => null;

    public NextTry? Next(TimeSpan now, TimeSpan patience)
    {
        for (; _step < steps.Count; _step++)
        {
            if (steps[_step].Plan.Next(now, patience) is { } next)
                return next with { Index = _first + next.Index };
            _first += steps[_step].Attempts;
        }
        return null;
    }

    public void Failed(int index, Failure failure, TimeSpan now)
    {
        var (plan, own) = Find(index);
        plan.Failed(own, failure, now);
    }

    public void Skipped(int index)
    {
        var (plan, own) = Find(index);
        plan.Skipped(own);
    }

    /// <summary>A refusal of one request says nothing about another one; only what ends the whole exchange ends this.</summary>
    public bool MayGoOn(Failure failure) => failure.Stage is not ("total" or "shutdown") && failure.Kind != FailureKind.Internal;

    private (IRetryPlan Plan, int Index) Find(int index)
    {
        foreach (var (plan, attempts) in steps)
        {
            if (index < attempts)
                return (plan, index);
            index -= attempts;
        }
        throw new ArgumentOutOfRangeException(nameof(index));
    }
}
