namespace Milliways.Tests.Support;

/// <summary>A clock that stands still until a test advances it; timers fire in order on the way.</summary>
internal sealed class ManualTime : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Lock _one = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _now;

    public TimeSpan Now
    {
        get
        {
            lock (_one)
                return _now;
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;

    public override DateTimeOffset GetUtcNow() => Start + Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        var target = Now + by;
        while (NextBefore(target) is { } timer)
            timer.Fire();
        lock (_one)
            _now = target;
    }

    /// <summary>As when the machine slept: the clock is ahead at once, and what was due on the way is due now, each timer once.</summary>
    public void Jump(TimeSpan by)
    {
        lock (_one)
        {
            _now += by;
            foreach (var timer in _timers)
                timer.Due = timer.Due < _now ? _now : timer.Due;
        }
        Advance(TimeSpan.Zero);
    }

    /// <summary>
    /// Lets time go by in small steps until a task is done. The server notices time on threads of its own, so it is given the chance to after each step;
    /// returns how much time the task took.
    /// </summary>
    public async Task<TimeSpan> RunUntilAsync(Task done, TimeSpan? step = null)
    {
        var (from, patience) = (Now, System.GetTimestamp());
        while (!done.IsCompleted)
        {
            Assert.True(System.GetElapsedTime(patience) < Patience.Limit, $"Nothing happened although the clock went on for {Now - from}.");
            Advance(step ?? TimeSpan.FromSeconds(1));
            await Task.WhenAny(done, Task.Delay(2));
            // On a busy machine the clock must not run ahead of those who are to notice it.
            for (var wait = 0; wait < 10 && ThreadPool.PendingWorkItemCount > 0 && !done.IsCompleted; wait++)
                await Task.WhenAny(done, Task.Delay(1));
        }
        return Now - from;
    }

    /// <summary>
    /// Lets time go by second by second until something is so. After each step it waits a moment for those who are to keep up with it, as with a busy database:
    /// a moment only, since they may be unable to.
    /// </summary>
    public async Task<TimeSpan> RunUntilAsync(Func<Task<bool>> done, Func<bool> keepsUp)
    {
        var (from, patience) = (Now, System.GetTimestamp());
        while (!await done())
        {
            Assert.True(System.GetElapsedTime(patience) < Patience.Limit, $"Nothing happened although the clock went on for {Now - from}.");
            Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(2);
            for (var wait = 0; wait < 100 && !keepsUp(); wait++)
                await Task.Delay(5);
        }
        return Now - from;
    }

    /// <summary>Lets time go by in steps until a task is done, and waits a moment after each for those who are to keep up with it.</summary>
    public async Task RunUntilAsync(Task done, TimeSpan step, Func<Task<bool>> keepsUp)
    {
        for (var (from, patience) = (Now, System.GetTimestamp()); !done.IsCompleted;)
        {
            Assert.True(System.GetElapsedTime(patience) < Patience.Limit, $"Nothing happened although the clock went on for {Now - from}.");
            Advance(step);
            await Task.WhenAny(done, MomentAsync());
            for (var wait = 0; wait < 100 && !done.IsCompleted && !await keepsUp(); wait++)
                await Task.WhenAny(done, MomentAsync());
        }
    }

    /// <summary>A moment of the real clock: the pace of a question that is asked again and again, where nothing tells the answer.</summary>
    public static Task MomentAsync() => Task.Delay(2);

    private ManualTimer? NextBefore(TimeSpan target)
    {
        lock (_one)
        {
            var next = _timers.Where(timer => timer.Due <= target).MinBy(timer => timer.Due);
            if (next is not null && next.Due > _now)
                _now = next.Due;
            return next;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public TimeSpan Due { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._one)
            {
                time._timers.Remove(this);
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                Due = time._now + dueTime;
                time._timers.Add(this);
            }
            return true;
        }

        public void Fire()
        {
            lock (time._one)
            {
                if (!time._timers.Contains(this))
                    return;
                if (_period > TimeSpan.Zero)
                    Due += _period;
                else
                    time._timers.Remove(this);
            }
            callback(state);
        }

        public void Dispose()
        {
            lock (time._one)
                time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
