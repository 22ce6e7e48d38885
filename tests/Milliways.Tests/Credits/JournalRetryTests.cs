using Milliways.Credits;
using Milliways.Credits.Journal;
using Milliways.Simulation;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>A journal that could not be written tries again by itself: nobody else calls, for nothing is added to it meanwhile.</summary>
public sealed class JournalRetryTests
{
    [Fact]
    public void A_timer_that_rings_a_moment_too_early_does_not_leave_the_journal_closed_for_good()
    {
        var (time, disk) = (new ManualTime(), new SimulatedDisk());
        var early = new EarlyTimers(time);
        var file = JournalFile.Open(disk.Open, Guid.CreateVersion7());
        file.Begin(0);
        using var journal = new ChargeJournal(file, new Folder(early), early) { Tell = _ => { } };
        journal.Wake = () =>
        {
            while (journal.Step())
            {
            }
        };
        disk.Faults = (operation, _) => operation == "flush" ? (new IOException("No space left on device"), 0) : null;
        Assert.True(journal.TryAdd(new Posting { Kind = PostingKind.Expiry, Team = Guid.NewGuid(), Time = time.GetUtcNow() }, new Nobody()));
        Assert.NotNull(journal.Trouble);

        disk.Faults = null;
        time.Advance(TimeSpan.FromSeconds(3));

        Assert.Null(journal.Trouble);
    }

    /// <summary>Real timers count in other units than time stamps do, and may be a little ahead of them.</summary>
    private sealed class EarlyTimers(ManualTime time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Early(time.CreateTimer(callback, state, dueTime, period));

        private sealed class Early(ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime - TimeSpan.FromMilliseconds(1), period);

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }

    private sealed class Nobody : IJournalWaiter
    {
        public void Written()
        {
        }

        public void Failed(Exception why)
        {
        }

        public void Discarded()
        {
        }

        public void Tell()
        {
        }
    }
}
