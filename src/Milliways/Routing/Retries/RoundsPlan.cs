using Milliways.Dialects.Chat;

namespace Milliways.Routing.Retries;

/// <summary>
/// A step that is tried a given number of times, with given delays: each round asks its attempts in order, at once, and a round that has failed is followed by
/// another one while any of them may do better. The very last try of a step that was given several waits as long as it takes (cloudflare 3.3).
/// </summary>
/// <param name="attempts">Of this step, in order.</param>
/// <param name="rules">With a number of tries.</param>
/// <param name="isLast">No other step comes behind it.</param>
/// <param name="draw">Gives numbers from 0 to 1 for the jitter of what an upstream asks for.</param>
internal sealed class RoundsPlan(IReadOnlyList<Attempt> attempts, TryRules rules, bool isLast, Func<double> draw) : IRetryPlan
{
    private readonly State[] _states = new State[attempts.Count];
    private int _round = 1;
    private int _at;
    private TimeSpan _notBefore;
    private TimeSpan _failedAt;

    public bool HasFresh => false;

    public int? NextFresh() => null;

    public NextTry? Next(TimeSpan now, TimeSpan patience)
    {
        if (Find(_at) is not { } index)
        {
            if (_round >= rules.Attempts || Find(0) is not { } again)
                return null;
            _notBefore = _failedAt + rules.After(_round);
            (_round, index) = (_round + 1, again);
        }
        var notBefore = _states[index].NotBefore > _notBefore ? _states[index].NotBefore : _notBefore;
        var wait = notBefore > now ? notBefore - now : TimeSpan.Zero;
        if (wait > TimeSpan.Zero && wait >= patience)
            return null;
        _at = index + 1;
        var waits = isLast && _round > 1 && _round == rules.Attempts && Find(_at) is null;
        return new NextTry(index, wait, waits ? null : rules.FirstPart);
    }

    public void Failed(int index, Failure failure, TimeSpan now)
    {
        ref var state = ref _states[index];
        _failedAt = now;
        var asked = failure.RetryAfterSeconds is { } seconds ? BackOff.RetryAfter(seconds, draw()) : TimeSpan.Zero;
        state.IsOut = asked is null || !FailureRules.AnotherTryMayHelp(failure);
        state.NotBefore = now + (asked ?? TimeSpan.Zero);
    }

    public void Skipped(int index) => _states[index].IsOut = true;

    public bool MayGoOn(Failure failure) => FailureRules.AnotherMayHelp(failure);

    private int? Find(int from)
    {
        for (var i = from; i < _states.Length; i++)
            if (!_states[i].IsOut)
                return i;
        return null;
    }

    private struct State
    {
        public bool IsOut;
        public TimeSpan NotBefore;
    }
}
