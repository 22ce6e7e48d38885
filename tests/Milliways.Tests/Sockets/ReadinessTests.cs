using Milliways.Linux.Sockets;
using Milliways.Tests.Support;

namespace Milliways.Tests.Sockets;

public sealed class ReadinessTests
{
    private Readiness _side;

    [Fact]
    public void Who_looks_again_without_a_change_is_told_to_wait()
    {
        Assert.False(_side.TryBegin());
        Assert.True(_side.TryWait());
        Assert.True(_side.Happened());
        Assert.True(_side.TryBegin());
        Assert.False(_side.TryBegin());
    }

    [Fact]
    public void What_happens_after_a_look_keeps_its_user_from_waiting()
    {
        _side = Readiness.Ready;
        Assert.True(_side.TryBegin());
        Assert.False(_side.Happened()); // nobody waits yet
        Assert.False(_side.TryWait());
        Assert.True(_side.TryBegin());
    }

    [Fact]
    public void One_of_two_ends_a_wait()
    {
        Assert.True(_side.TryWait());
        Assert.True(_side.TryStop());
        Assert.False(_side.TryStop());
        Assert.False(_side.Happened());
    }

    /// <summary>The user answers each change before the next one is made, so that one lost change stops both for good.</summary>
    [Fact]
    public async Task Nothing_is_lost_between_two_threads()
    {
        const int Changes = 50_000;
        var (made, seen) = (0, 0);
        using var told = new SemaphoreSlim(0);
        var user = Task.Run(async () =>
        {
            while (Volatile.Read(ref seen) < Changes)
                if (_side.TryBegin())
                    Volatile.Write(ref seen, Volatile.Read(ref made));
                else if (_side.TryWait())
                    await told.WaitAsync().Soon();
        });
        for (var i = 1; i <= Changes; i++)
        {
            Volatile.Write(ref made, i);
            if (_side.Happened())
                told.Release();
            var spins = new SpinWait();
            while (Volatile.Read(ref seen) < i && !user.IsCompleted)
                spins.SpinOnce();
        }
        await user.Soon();
        Assert.Equal(Changes, seen);
    }
}
