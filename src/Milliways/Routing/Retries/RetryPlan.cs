using Milliways.Dialects.Chat;

namespace Milliways.Routing.Retries;

/// <summary>The next try, and how long to wait before it.</summary>
internal readonly record struct NextTry(int Index, TimeSpan Wait);

/// <summary>
/// Which attempt of an arranged route comes next. Every one is tried once, at once, in order: another upstream costs no waiting. When all have failed, the
/// retries are spent on whichever may be asked again first.
/// </summary>
/// <param name="attempts">In the order of this request.</param>
/// <param name="retries">Tries in all beyond one for each.</param>
/// <param name="draw">Gives numbers from 0 to 1 for the jitter.</param>
internal sealed class RetryPlan(IReadOnlyList<Attempt> attempts, int retries, Func<double> draw)
{
    private readonly State[] _states = new State[attempts.Count];
    private int _fresh;
    private int _left = retries;

    /// <summary>The next attempt that was not tried yet, or null.</summary>
    public int? NextFresh() => _fresh < attempts.Count ? _fresh++ : null;

    /// <summary>True when an attempt is left that was not tried.</summary>
    public bool HasFresh => _fresh < attempts.Count;

    /// <param name="now">Of any clock that does not go back.</param>
    /// <param name="patience">The time the request has left: a wait that uses it up is not worth beginning.</param>
    public NextTry? Next(TimeSpan now, TimeSpan patience)
    {
        if (NextFresh() is { } fresh)
            return new NextTry(fresh, TimeSpan.Zero);
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
        return new NextTry(index, wait);
    }

    /// <summary>Remembers a failure: whether and when the same attempt may be made again.</summary>
    public void Failed(int index, Failure failure, TimeSpan now)
    {
        ref var state = ref _states[index];
        state.Failures++;
        var wait = failure.RetryAfterSeconds is { } seconds ? BackOff.RetryAfter(seconds, draw()) : BackOff.After(state.Failures, draw());
        state.MayRetry = wait is not null && FailureRules.SameMayHelp(failure) && !(state.Failures > attempts[index].Upstream.Retries);
        state.NotBefore = now + (wait ?? TimeSpan.Zero);
    }

    /// <summary>It was passed over and shall not come again.</summary>
    public void Skipped(int index) => _states[index].MayRetry = false;

    private struct State
    {
        public int Failures;
        public bool MayRetry;
        public TimeSpan NotBefore;
    }
}
