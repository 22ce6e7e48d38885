using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Storage;

public sealed class EpochTests
{
    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Each_start_takes_a_greater_number(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        await using var database = test.OpenLedger();
        var seen = 0L;
        for (var i = 0; i < 3; i++)
        {
            using var epochs = new Epochs(database, TimeProvider.System, new ListLog<Epochs>());
            await epochs.TakeAsync();
            Assert.True(epochs.Current > seen);
            Assert.True(epochs.IsCurrent(epochs.Current));
            Assert.False(epochs.IsCurrent(seen));
            seen = epochs.Current;
        }
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task An_epoch_is_current_for_8_seconds_after_its_last_renewal_was_sent_and_not_a_tick_longer(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        await using var database = test.OpenLedger();
        var clock = new ManualTime();
        using var epochs = new Epochs(database, clock, new ListLog<Epochs>());
        await epochs.TakeAsync(); // and no renewal, as of a process that is paused
        clock.Jump(TimeSpan.FromSeconds(8) - TimeSpan.FromTicks(1));
        Assert.True(epochs.IsCurrent(epochs.Current));
        clock.Jump(TimeSpan.FromTicks(1));
        Assert.False(epochs.IsCurrent(epochs.Current));
    }

    [Fact]
    public async Task A_running_server_renews_its_epoch_and_begins_anew_when_another_one_has_ended_it()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock, database: await (await PostgresCluster.SharedAsync()).CreateAsync());
        var epochs = server.Service<Epochs>();
        var first = epochs.Current;
        await clock.RunUntilAsync(After(() => clock.Now > TimeSpan.FromMinutes(1) && epochs.IsCurrent(first)));
        Assert.Equal(first, epochs.Current);

        await server.Service<LedgerDatabase>().RunAsync(session => session.Execute("UPDATE epochs SET ended = 1"));
        await clock.RunUntilAsync(After(() => epochs.Current > first));
        Assert.False(epochs.IsCurrent(first));
        Assert.Equal([first], await epochs.GoneAsync([first, epochs.Current]));
    }

    [Fact]
    public async Task A_server_that_stopped_has_ended_its_epoch()
    {
        await using var server = await TestServer.StartAsync();
        var first = server.Service<Epochs>().Current;
        await server.RestartAsync();
        Assert.Equal([first], await server.Service<Epochs>().GoneAsync([first, server.Service<Epochs>().Current]));
    }

    private static async Task After(Func<bool> done)
    {
        while (!done())
            await Task.Yield();
    }
}
