using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits.Counting;

/// <summary>Many threads at once, and what an admission costs.</summary>
public sealed class RaceTests
{
    [Fact]
    public async Task Threads_that_race_get_exactly_the_limit_and_take_all_or_none()
    {
        for (var round = 0; round < 20; round++)
        {
            var asking = new Asking();
            ScopedLimits team = Asking.Of(new LimitSet { RequestsPerHour = 300 }), one = new(ScopeName.Model("one"), new LimitSet { RequestsPerHour = 100 }), other = new(ScopeName.Model("other"), new LimitSet { RequestsPerHour = 100 });
            var admitted = await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
                Enumerable.Range(0, 100).Count(_ => asking.Enter(team, thread % 2 == 0 ? one : other)))));
            Assert.Equal(200, admitted.Sum());
            Assert.Equal(100, Enumerable.Range(0, 200).Count(_ => asking.Enter(team)));
        }
    }

    [Fact]
    public async Task Threads_never_hold_more_slots_than_there_are_while_idle_states_are_forgotten()
    {
        var asking = new Asking();
        var scope = Asking.Of(new LimitSet { Concurrent = 3 });
        var (open, most, served) = (0, 0, 0);
        using var done = new CancellationTokenSource();
        var forgetting = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
                asking.Book.Forget();
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 3000; i++)
                if (asking.Ask(default, scope).Held is { } held)
                {
                    var now = Interlocked.Increment(ref open);
                    InterlockedMax(ref most, now);
                    Interlocked.Increment(ref served);
                    Interlocked.Decrement(ref open);
                    held.Leave();
                }
        })));
        await done.CancelAsync();
        await forgetting;
        Assert.InRange(most, 1, 3);
        Assert.True(served > 0);
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => asking.Enter(scope)));
    }

    [Fact]
    public void An_admission_allocates_nothing()
    {
        var asking = new Asking(new ManualTime());
        var held = new HeldLimit[] { new() { Asked = Asking.Of(new LimitSet { RequestsPerMinute = 1_000_000, TokensPerMinute = 1_000_000_000, Concurrent = 1_000_000 }) }, new() { Asked = new(ScopeName.Model("m"), new LimitSet { RequestsPerMinute = 4000, RequestsPerHour = 1200 }) } };
        Enter();
        Enter();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Enter();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Enter()
        {
            Assert.True(asking.Book.TryEnter(asking.Team, held, new TokenBound(1, 2), out var team, out var at, out _, out _));
            team.Correct(held, at, 1);
            team.Leave(held);
        }
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }
}
