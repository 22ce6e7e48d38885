using Milliways.Dialects.Chat;

namespace Milliways.Routing.Retries;

/// <summary>
/// Which attempt of an arranged route comes next. Every one is tried once, at once, in order: another upstream costs no waiting. When all have failed, the
/// retries are spent on whichever may be asked again first.
/// </summary>
/// <param name="attempts">In the order of this request.</param>
/// <param name="retries">Tries in all beyond one for each.</param>
/// <param name="draw">Gives numbers from 0 to 1 for the jitter.</param>
internal sealed class RetryPlan(IReadOnlyList<Attempt> attempts, int retries, Func<double> draw) : IRetryPlan
{
    private readonly State[] _states = new State[attempts.Count];
    private int _fresh;
    private int _left = retries;

    /// <summary>How long a try may take until the first part of its answer is there; null: as its upstream says.</summary>
    public TimeSpan? FirstPart { get; init; }

    public int? NextFresh() => _fresh < attempts.Count ? _fresh++ : null;

    public bool HasFresh => _fresh < attempts.Count;

    public NextTry? Next(TimeSpan now, TimeSpan patience)
    {
        if (NextFresh() is { } fresh)
            return new NextTry(fresh, TimeSpan.Zero, FirstPart);
        if (_left == 0)
            return null;
        int? best = null;
        for (var i = 0; i < _states.Length; i++)
            if (_states[i].MayRetry && (best is null || _states[i].NotBefore < _states[best.Value].NotBefore))
                best = i;
        if (best is not { } index)
            return null;
        var wait = _states[index].NotBefore > now ? _states[index].NotBefore - now : TimeSpan.Zero;
        if (wait >= patience)
            return null;
        _left--;
        return new NextTry(index, wait, FirstPart);
    }

    public void Failed(int index, Failure failure, TimeSpan now)
    {
        ref var state = ref _states[index];
        state.Failures++;
        var wait = failure.RetryAfterSeconds is { } seconds ? BackOff.RetryAfter(seconds, draw()) : BackOff.After(state.Failures, draw());
        state.MayRetry = wait is not null && FailureRules.SameMayHelp(failure) && !(state.Failures > attempts[index].Upstream.Retries);
        state.NotBefore = now + (wait ?? TimeSpan.Zero);
    }

    public void Skipped(int index) => _states[index].MayRetry = false;

    public bool MayGoOn(Failure failure) => FailureRules.AnotherMayHelp(failure);

    private struct State
    {
        public int Failures;
        public bool MayRetry;
        public TimeSpan NotBefore;
    }
}
