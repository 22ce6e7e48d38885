using Milliways.Engine.Native;

namespace Milliways.Engine.Scheduling;

/// <summary>Where callers' threads and the decode thread meet: what waits, what was cancelled, whether to stop.</summary>
internal sealed class RequestQueue(int limit, Capacity capacity, AbortFlag abort)
{
    private static readonly TimeSpan IdleTick = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private readonly FairQueue<Job> _waiting = new();
    private List<Job>? _inStep;
    private bool _cancelNoticed;
    private bool _stopping;
    private double _secondsPerRequest = 1;

    internal int Count
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Takes a request in, or says why not.</summary>
    internal Refusal? Enqueue(Job job)
    {
        lock (_gate)
        {
            if (_stopping)
                return new Refusal.Closed();
            // With a limit of 0 a request must still find its way into an idle engine.
            if (_waiting.Count >= limit && (_waiting.Count > 0 || capacity.BusySequences > 0))
                return new Refusal.QueueFull(RetryAfter());
            _waiting.Enqueue(job.Request.FairnessKey, job);
            Monitor.PulseAll(_gate);
            return null;
        }
    }

    /// <summary>Hands over what may start and what was cancelled while it waited. With nothing to do it waits, at most a second.</summary>
    /// <returns>False when the loop is to end.</returns>
    internal bool Collect(bool busy, List<Job> admitted, List<Job> dropped)
    {
        lock (_gate)
        {
            if (!busy && !_stopping && !_cancelNoticed && _waiting.Count == 0)
#pragma warning disable RS0030 // The loop's own thread waits for work here: it serves no socket.
                Monitor.Wait(_gate, IdleTick);
#pragma warning restore RS0030
            if (_stopping)
                return false;
            if (_cancelNoticed)
            {
                _cancelNoticed = false;
                _waiting.RemoveWhere(static job => job.Generation.IsCancelled, dropped);
            }
            // The one whose turn it is waits until it fits; passing over it would starve large requests.
            while (_waiting.TryPeek(out var job) && capacity.TryReserve(job))
                admitted.Add(_waiting.Dequeue());
            return true;
        }
    }

    /// <summary>A step begins; if all that have a part in it are cancelled, it is aborted.</summary>
    internal void BeginStep(List<Job> jobs)
    {
        lock (_gate)
        {
            _inStep = jobs;
            if (!_stopping)
                abort.Lower();
            AbortIfUseless();
        }
    }

    internal void EndStep()
    {
        lock (_gate)
            _inStep = null;
    }

    internal void NoticeCancel()
    {
        lock (_gate)
        {
            _cancelNoticed = true;
            AbortIfUseless();
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>For the retry hint: how long a request took from its start.</summary>
    internal void NoteDuration(TimeSpan duration)
    {
        lock (_gate)
            _secondsPerRequest += (duration.TotalSeconds - _secondsPerRequest) / 8;
    }

    internal void Stop()
    {
        lock (_gate)
        {
            _stopping = true;
            abort.Raise();
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Everything that still waits, after <see cref="Stop"/>.</summary>
    internal void Drain(List<Job> drained)
    {
        lock (_gate)
            _waiting.RemoveWhere(static _ => true, drained);
    }

    private void AbortIfUseless()
    {
        if (_inStep is { Count: > 0 } jobs && jobs.TrueForAll(static job => job.Generation.IsCancelled))
            abort.Raise();
    }

    private TimeSpan RetryAfter() =>
        TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(_secondsPerRequest * (_waiting.Count + 1) / capacity.Sequences), 1, 3600));
}
