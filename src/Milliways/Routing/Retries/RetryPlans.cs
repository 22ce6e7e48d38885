namespace Milliways.Routing.Retries;

/// <summary>Chooses the plan of a route.</summary>
internal static class RetryPlans
{
    /// <param name="route">Whose rules count.</param>
    /// <param name="attempts">Its attempts in the order of this request.</param>
    /// <param name="draw">Gives numbers from 0 to 1 for the jitter.</param>
    public static IRetryPlan Of(Route route, IReadOnlyList<Attempt> attempts, Func<double> draw)
    {
        if (route.Steps is not { } steps)
            return Single(route, attempts, isLast: true, draw);
        var plans = new (IRetryPlan, int)[steps.Count];
        for (var i = 0; i < plans.Length; i++)
            plans[i] = (Single(steps[i], steps[i].Attempts, isLast: i == plans.Length - 1, draw), steps[i].Attempts.Count);
        return new StepsPlan(plans);
    }

    private static IRetryPlan Single(Route route, IReadOnlyList<Attempt> attempts, bool isLast, Func<double> draw) =>
        route.Tries is { Attempts: not null } rules ? new RoundsPlan(attempts, rules, isLast, draw) : new RetryPlan(attempts, route.Retries, draw) { FirstPart = route.Tries?.FirstPart };
}
