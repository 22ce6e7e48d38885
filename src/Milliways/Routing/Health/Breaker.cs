using Milliways.Upstreams;

namespace Milliways.Routing.Health;

internal enum BreakerState
{
    /// <summary>All is well: everything is tried.</summary>
    Closed,

    /// <summary>Nothing is tried until the time is over.</summary>
    Open,

    /// <summary>The time is over: one probe at a time may find out.</summary>
    HalfOpen,
}

/// <summary>What an attempt says of its upstream.</summary>
internal enum Verdict
{
    Good,
    Bad,

    /// <summary>Nothing: the caller left, or the caller's own request was refused.</summary>
    Unknown,
}

/// <summary>
/// A circuit breaker. Polly's was tried and could not be used: its probe is good or bad and nothing between, so that a caller who leaves while his request
/// is the probe closes the circuit; an answer here may also be wanted although the circuit is open (<see cref="TryForce"/>).
/// </summary>
/// <param name="settings">Its numbers; null: it never opens.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Is told each change of state, outside of the lock.</param>
internal sealed class Breaker(BreakerSettings? settings, TimeProvider time, Action<BreakerState>? changed = null)
{
    /// <summary>The most requests at a time that are let in although the breaker is open, because they have nowhere else to go.</summary>
    public const int MostForced = 8;

    /// <summary>How long it is open at most between two probes, unless the settings ask for more from the beginning.</summary>
    public static readonly TimeSpan MostOpen = TimeSpan.FromSeconds(60);

    private readonly Lock _one = new();
    private readonly long _since = time.GetTimestamp();
    private readonly OutcomeWindow _outcomes = new(settings?.Window ?? BreakerSettings.Usual.Window);
    private TimeSpan _opensAt;
    private bool _isClosed = true;
    private bool _isProbed;
    private int _forced;
    private int _badInARow;

    /// <summary>Probes that have failed since it opened.</summary>
    private int _failedProbes;

    /// <summary>Grows with each opening and closing: what began before says nothing about the time after.</summary>
    private int _era;

    public BreakerState State
    {
        get
        {
            lock (_one)
                return _isClosed ? BreakerState.Closed : Now < _opensAt ? BreakerState.Open : BreakerState.HalfOpen;
        }
    }

    /// <summary>How long until a probe may be made; zero when one may be made now.</summary>
    public TimeSpan OpensIn
    {
        get
        {
            lock (_one)
                return _isClosed || Now >= _opensAt ? TimeSpan.Zero : _opensAt - Now;
        }
    }

    private TimeSpan Now => time.GetElapsedTime(_since);

    /// <summary>Lets an attempt in, or not. Whoever is let in must tell the outcome through the pass, once.</summary>
    public bool TryEnter(out BreakerPass pass)
    {
        pass = default;
        lock (_one)
        {
            if (!_isClosed)
            {
                if (_isProbed || Now < _opensAt)
                    return false;
                _isProbed = true;
            }
            pass = new BreakerPass(this, _era, _isClosed ? PassKind.Usual : PassKind.Probe);
            return true;
        }
    }

    /// <summary>Lets an attempt in that has nowhere else to go: a few at a time find out sooner than the next probe that the upstream is back.</summary>
    public bool TryForce(out BreakerPass pass)
    {
        pass = default;
        lock (_one)
        {
            if (_isClosed)
                pass = new BreakerPass(this, _era, PassKind.Usual);
            else if (_forced < MostForced)
            {
                _forced++;
                pass = new BreakerPass(this, _era, PassKind.Forced);
            }
            else
                return false;
            return true;
        }
    }

    /// <summary>A failure that came after the attempt had been called good: an answer that broke in the middle.</summary>
    public void Blame()
    {
        BreakerState? change;
        lock (_one)
            change = _isClosed && settings is not null ? Count(Verdict.Bad) : null;
        if (change is { } state)
            changed?.Invoke(state);
    }

    internal void Take(int era, PassKind kind, Verdict verdict)
    {
        if (settings is null)
            return;
        BreakerState? change;
        lock (_one)
        {
            if (kind == PassKind.Forced)
                _forced--;
            change = era != _era ? null : kind == PassKind.Usual ? Count(verdict) : Decide(kind, verdict);
        }
        if (change is { } state)
            changed?.Invoke(state);
    }

    private BreakerState? Count(Verdict verdict)
    {
        if (verdict == Verdict.Unknown)
            return null;
        _outcomes.Add(Now, verdict == Verdict.Good);
        _badInARow = verdict == Verdict.Good ? 0 : _badInARow + 1;
        if (verdict == Verdict.Good)
            return null;
        var (good, bad) = _outcomes.Count(Now);
        // A row of failures counts at once, however good it was before; mixed ones when they are half of all.
        if (bad < settings!.Failures || (_badInARow < settings.Failures && bad < good))
            return null;
        _failedProbes = 0;
        Open();
        return BreakerState.Open;
    }

    private BreakerState? Decide(PassKind kind, Verdict verdict)
    {
        if (verdict == Verdict.Good)
        {
            (_isClosed, _isProbed, _era) = (true, false, _era + 1);
            return BreakerState.Closed;
        }
        if (kind == PassKind.Forced)
            return null; // it was known to be bad
        if (verdict == Verdict.Bad)
        {
            _failedProbes++;
            Open();
        }
        else
            _isProbed = false; // the next one is the probe
        return null; // it has not been anything else but open: no news
    }

    /// <summary>Each failed probe doubles the time: who has been ill for long is not asked every few seconds.</summary>
    private void Open()
    {
        var most = settings!.Open > MostOpen ? settings.Open : MostOpen;
        var open = settings.Open * Math.Pow(2, Math.Min(_failedProbes, 16));
        (_isClosed, _isProbed, _opensAt, _era) = (false, false, Now + (open < most ? open : most), _era + 1);
        _outcomes.Clear();
        _badInARow = 0;
    }
}

internal enum PassKind { Usual, Probe, Forced }

/// <summary>The right to make one attempt, and the duty to tell what came of it, once.</summary>
internal readonly struct BreakerPass(Breaker breaker, int era, PassKind kind)
{
    public PassKind Kind => kind;

    public void Tell(Verdict verdict) => breaker?.Take(era, kind, verdict);
}
