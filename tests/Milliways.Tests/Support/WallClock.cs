namespace Milliways.Tests.Support;

/// <summary>A clock whose wall time can be put forward and back while time itself goes on: timers and time stamps are those of another one.</summary>
internal sealed class WallClock(ManualTime time) : TimeProvider
{
    private long _offset;

    /// <summary>What the wall clock is ahead.</summary>
    public TimeSpan Offset
    {
        get => new(Interlocked.Read(ref _offset));
        set => Interlocked.Exchange(ref _offset, value.Ticks);
    }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override long GetTimestamp() => time.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
}
