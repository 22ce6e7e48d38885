using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

public sealed class OneAtATimeTests
{
    private readonly OneAtATime _place = new();

    [Fact]
    public async Task Who_only_tries_is_sent_away_and_who_waits_is_next()
    {
        Assert.True(_place.TryEnter());
        Assert.False(_place.TryEnter());
        var waiting = _place.EnterAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        _place.Exit();
        await waiting.Soon();
        Assert.False(_place.TryEnter());
        _place.Exit();
        Assert.True(_place.TryEnter());
    }

    [Fact]
    public async Task A_second_one_that_waits_is_refused_and_the_first_keeps_its_turn()
    {
        await _place.EnterAsync();
        var first = _place.EnterAsync().AsTask();
        Assert.Throws<InvalidOperationException>(() => { _ = _place.EnterAsync(); });
        _place.Exit();
        await first.Soon();
    }

    [Fact]
    public async Task Two_threads_are_never_in_together()
    {
        var (inside, entries) = (0, 0);
        void Use()
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            entries++;
            Interlocked.Decrement(ref inside);
            _place.Exit();
        }
        var tries = Task.Run(() =>
        {
            for (var i = 0; i < 100_000; i++)
                if (_place.TryEnter())
                    Use();
        });
        for (var i = 0; i < 100_000; i++)
        {
            await _place.EnterAsync().AsTask().Soon();
            Use();
        }
        await tries.Soon();
        Assert.InRange(entries, 100_000, 200_000);
    }
}
