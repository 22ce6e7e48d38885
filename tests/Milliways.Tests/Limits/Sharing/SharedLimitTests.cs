using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Limits.Sharing;
using Milliways.Simulation;
using Milliways.Tests.Limits.Counting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits.Sharing;

/// <summary>Several servers let in what one would: any interleaving on a clock of the test's, in one thread.</summary>
public sealed class SharedLimitTests : IDisposable
{
    private static readonly ScopeName[] Names = [ScopeName.Team, ScopeName.Key(new Guid(1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])), ScopeName.Model("m")];

    private readonly ShareWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void No_window_holds_more_than_its_limit_over_all_servers_whatever_happens() =>
        Dice.Check(dice => new LimitSimulation(dice.Upto, _world).Run(steps: 60, new SimulationTotals()), tests: 300);

    [Fact]
    public void A_few_of_the_seeds_of_simulate_hold()
    {
        var totals = new SimulationTotals();
        for (var seed = 1; seed <= 40; seed++)
            try
            {
                new LimitSimulation(new Random(seed).Next, _world).Run(steps: 300, totals);
            }
            catch (Exception wrong)
            {
                Assert.Fail($"./simulate --seed {seed} --seeds 1: {wrong.Message}");
            }
        Assert.True(totals is { Admitted: > 500, Crashes: > 50 }, $"the simulation does not do much any more: {totals.Admitted}, {totals.Crashes}");
    }

    [Fact]
    public void Small_limits_let_in_exactly_what_one_server_would_whoever_is_asked()
    {
        Dice.Check(dice =>
        {
            var world = _world.With(3);
            var one = new Asking(world.Clock);
            var scopes = Names[..(1 + dice.Upto(3))].Select(name => new ScopedLimits(name, new LimitSet
            {
                RequestsPerSecond = dice.One<int?>(null, 1, 2, 5), RequestsPerMinute = dice.One<int?>(null, 3, 7, 60), RequestsPerHour = dice.One<int?>(null, 9, 60),
            })).Where(scope => !scope.Limits.IsEmpty).ToArray();
            foreach (var _ in Enumerable.Range(0, 50))
                if (dice.Upto(3) == 0)
                    world.Advance(dice.One(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(333), TimeSpan.FromMilliseconds(999), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(19), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(20)));
                else
                {
                    var (_, hit) = one.Ask(default, scopes);
                    var request = world.Servers[dice.Upto(3)].Enter(scopes);
                    Assert.Equal((hit.Wait == 0, hit.Measure, hit.Wait, hit.Used, hit.Limit), (request.IsAdmitted, request.Hit.Measure, request.Hit.Wait, request.Hit.Used, request.Hit.Limit));
                }
            world.Log.Check();
        }, tests: 200);
    }

    [Theory]
    [InlineData(60, 1200)]
    [InlineData(3, 60)]
    public void The_limits_of_the_catalogue_let_in_exactly_as_many_in_every_window_when_three_servers_are_offered_more(int minute, int hour)
    {
        var world = _world.With(3);
        var scope = Asking.Of(new LimitSet { RequestsPerSecond = 1, RequestsPerMinute = minute, RequestsPerHour = hour });
        var step = TimeSpan.FromSeconds(minute == 60 ? 1 : 10);
        for (var (at, turn) = (TimeSpan.Zero, 0); at < TimeSpan.FromMinutes(minute == 60 ? 25 : 65); at += step)
        {
            for (var i = 0; i < 3; i++)
                world.Servers[turn++ % 3].Enter(scope);
            world.Advance(step);
        }
        Assert.Equal((1L, (long)minute, (long)hour), (Fullest(Measure.RequestsPerSecond), Fullest(Measure.RequestsPerMinute), Fullest(Measure.RequestsPerHour)));
        Assert.Equal(hour + (minute == 3 ? minute * 5 : 0), world.Log.Count);

        long Fullest(Measure measure) => world.Log.Fullest(ScopeName.Team, measure);
    }

    [Theory]
    [InlineData(3, 95)]
    [InlineData(1, 95)]
    public void A_large_limit_is_used_nearly_to_its_end_whether_all_servers_are_asked_or_one(int asked, int percent)
    {
        var world = _world.With(3);
        var (second, minute) = (Asking.Of(new LimitSet { RequestsPerSecond = 300 }), new ScopedLimits(ScopeName.Model("m"), new LimitSet { TokensPerMinute = 600_000 }));
        var (local, all) = (0, 0);
        for (var i = 0; i < 12_000; i++)
        {
            foreach (var server in world.Servers)
                if (i % 50 == 0)
                    server.Shares.Tick();
            // 500 a second are offered; a transaction takes until the next millisecond but one.
            if (i % 2 == 0)
            {
                var request = world.Servers[i / 2 % asked].Ask(new TokenBound(10, 20), second, minute);
                all++;
                local += request.IsAdmitted ? 1 : 0;
            }
            world.Advance(TimeSpan.FromMilliseconds(1));
            foreach (var server in world.Servers)
                server.Step();
        }
        world.Log.Check();
        Assert.InRange(world.Log.Count, 300 * 12 * percent / 100, 300 * 13);
        Assert.True(local > 0, $"None of {all} was let in without asking the database.");
    }

    [Fact]
    public void A_lowered_limit_holds_for_what_was_taken_ahead_under_the_higher_one()
    {
        var world = _world.With(2);
        var (high, low) = (Asking.Of(new LimitSet { RequestsPerMinute = 60_000 }), Asking.Of(new LimitSet { RequestsPerMinute = 50 }));
        var server = world.Servers[0];
        for (var i = 0; i < 50; i++)
        {
            Assert.True(server.Enter(high).IsAdmitted);
            world.Advance(TimeSpan.FromMilliseconds(1));
        }
        Assert.True(server.Enter(low).IsRefused);
        Assert.True(world.Servers[1].Enter(low).IsRefused);
        Assert.True(server.Enter(high).IsAdmitted);
    }

    [Fact]
    public void What_fits_into_what_is_here_needs_no_transaction_and_what_lies_idle_is_given_back()
    {
        var world = _world.With(3);
        ShareServer counting = world.Servers[0], holding = world.Servers[1];
        ScopedLimits window = Asking.Of(new LimitSet { RequestsPerMinute = 60_000 }), slots = new(ScopeName.Model("m"), new LimitSet { Concurrent = 500 });
        for (var i = 0; i < 50; i++)
        {
            counting.Enter(window);
            holding.Enter(slots);
            world.Advance(TimeSpan.FromMilliseconds(1));
        }
        for (var i = 0; i < 3; i++)
        {
            Assert.True(counting.Ask(default, window).IsAdmitted);
            Assert.True(holding.Ask(default, slots).IsAdmitted);
        }
        for (var i = 0; i < 2; i++)
        {
            world.Advance(TimeSpan.FromSeconds(1));
            foreach (var server in world.Servers)
            {
                server.Shares.Tick();
                server.Pump();
            }
        }
        Assert.Equal(53L, world.Database.Query("SELECT SUM(amount) FROM limit_bookings WHERE until > $now", row => row.GetInt64(0), ("$now", world.Database.Microseconds(world.Clock)))[0]);
        Assert.Equal(53L, world.Database.Query("SELECT SUM(held) FROM limit_slots WHERE scope = 'model/m'", row => row.GetInt64(0))[0]);
    }

    /// <summary>It is cut off, so nobody knows when it used it.</summary>
    [Fact]
    public void What_was_taken_ahead_counts_for_a_window_after_the_last_moment_at_which_it_may_be_used()
    {
        var world = _world.With(2);
        var scope = Asking.Of(new LimitSet { RequestsPerMinute = 2400 });
        ShareServer one = world.Servers[0], other = world.Servers[1];
        for (var i = 0; i < 100; i++)
        {
            one.Enter(scope);
            world.Advance(TimeSpan.FromMilliseconds(1));
        }
        one.IsCutOff = true;
        world.Advance(TimeSpan.FromSeconds(7));
        Assert.True(one.Ask(default, scope).IsAdmitted);
        Assert.True(one.Ask(default, scope).IsAdmitted);
        world.Advance(TimeSpan.FromSeconds(54));
        while (other.Enter(scope).IsAdmitted)
        {
        }
        world.Log.Check();
        Assert.InRange(world.Log.Fullest(ScopeName.Team, Measure.RequestsPerMinute), 2300, 2400);
    }

    [Fact]
    public void What_a_transaction_booked_whose_end_nobody_knows_is_given_back_when_the_database_answers_again()
    {
        foreach (var limits in new[] { new LimitSet { RequestsPerMinute = 1 }, new LimitSet { Concurrent = 1 } })
        {
            var world = _world.With(2);
            ShareServer one = world.Servers[0], other = world.Servers[1];
            var lost = one.Ask(default, Asking.Of(limits));
            one.Step();
            one.Lose(committed: true);
            Assert.True(lost.IsUnavailable);
            Assert.True(other.Enter(Asking.Of(limits)).IsRefused);
            world.Advance(TimeSpan.FromMilliseconds(250));
            one.Shares.Tick();
            one.Pump();
            Assert.True(other.Enter(Asking.Of(limits)).IsAdmitted);
        }
    }

    [Fact]
    public void Tokens_that_were_not_used_are_free_again_for_all_servers_and_those_used_beyond_count_for_all()
    {
        var world = _world.With(2);
        var scope = Asking.Of(new LimitSet { TokensPerMinute = 100 });
        ShareServer one = world.Servers[0], other = world.Servers[1];
        var first = Enter(one, 80);
        Assert.True(Enter(other, 30).IsRefused);
        one.End(first, used: 10);
        one.Pump();
        world.Advance(TimeSpan.FromMilliseconds(250)); // so long a refusal is believed
        var second = Enter(other, 60);
        Assert.True(second.IsAdmitted);
        other.Shares.Correct(second.Held, 85);
        other.Pump();
        Assert.True(Enter(one, 6).IsRefused);
        Assert.True(Enter(other, 5).IsAdmitted);

        ShareRequest Enter(ShareServer server, long tokens)
        {
            var request = server.Ask(new TokenBound(tokens, 0), scope);
            server.Pump();
            return request;
        }
    }

    /// <summary>At a hundred answers a second it were a hundred transactions for what nobody lacks.</summary>
    [Fact]
    public void What_comes_back_of_a_large_limit_is_told_after_a_while_with_the_next_transaction_or_at_the_servers_end()
    {
        var world = _world.With(1);
        var server = world.Servers[0];
        var scope = Asking.Of(new LimitSet { TokensPerMinute = 100_000 });
        var requests = Enumerable.Range(0, 4).Select(_ =>
        {
            var request = server.Ask(new TokenBound(80, 0), scope);
            server.Pump();
            return request;
        }).ToList();
        Settle(); // nothing more is given out of the row, so that what comes back of it is for the database
        Assert.Equal(320, Booked());

        server.End(requests[0], used: 10);
        server.Pump();
        Assert.Equal(320, Booked());
        server.Shares.Tick();
        server.Pump();
        Assert.Equal(250, Booked());
        server.End(requests[1], used: 10);
        server.Shares.Tick();
        server.Pump();
        Assert.Equal(250, Booked());
        world.Advance(TimeSpan.FromMilliseconds(200));
        server.Shares.Tick();
        server.Pump();
        Assert.Equal(180, Booked());

        server.End(requests[2], used: 10);
        Assert.True(server.Enter(new ScopedLimits(ScopeName.Model("m"), new LimitSet { RequestsPerMinute = 1 })).IsAdmitted);
        Assert.Equal(110, Booked());
        server.End(requests[3], used: 10);
        server.Shares.TellAll();
        server.Pump();
        Assert.Equal(40, Booked());

        void Settle()
        {
            for (var i = 0; i < 3; i++)
            {
                world.Advance(TimeSpan.FromSeconds(1));
                server.Shares.Tick();
                server.Pump();
            }
        }
        long Booked() => world.Database.Query("SELECT SUM(amount) FROM limit_bookings WHERE scope = 'team' AND until > $now", row => row.GetInt64(0), ("$now", world.Database.Microseconds(world.Clock)))[0];
    }

    [Fact]
    public void Slots_of_a_server_that_was_not_seen_for_20_seconds_are_free_and_it_does_not_hand_out_those_it_had_spare()
    {
        var world = _world.With(3);
        var scope = Asking.Of(new LimitSet { Concurrent = 2 });
        ShareServer dead = world.Servers[0], other = world.Servers[1];
        Assert.True(dead.Enter(scope).IsAdmitted);
        Assert.True(dead.Enter(scope).IsAdmitted);
        dead.IsCutOff = true;
        world.Advance(TimeSpan.FromSeconds(19));
        Assert.True(other.Enter(scope).IsRefused);
        dead.End(dead.Running[0], used: null);
        Assert.False(dead.Ask(default, scope).IsAdmitted);
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => other.Enter(scope).IsAdmitted));
    }

    [Fact]
    public void A_slot_whose_exchange_has_ended_is_there_for_another_server()
    {
        var world = _world.With(2);
        var scope = Asking.Of(new LimitSet { Concurrent = 1 });
        ShareServer one = world.Servers[0], other = world.Servers[1];
        var first = one.Enter(scope);
        Assert.True(other.Enter(scope).IsRefused);
        one.End(first, used: null);
        one.Pump();
        world.Advance(TimeSpan.FromMilliseconds(50)); // so long a refusal is believed
        Assert.True(other.Enter(scope).IsAdmitted);
    }

    [Fact]
    public void After_an_absence_of_the_database_slots_count_of_those_who_may_live_though_it_has_not_seen_them()
    {
        var world = _world.With(2);
        var scope = Asking.Of(new LimitSet { Concurrent = 1 });
        ShareServer one = world.Servers[0], other = world.Servers[1];
        Assert.True(one.Enter(scope).IsAdmitted);
        one.IsCutOff = other.IsCutOff = true;
        world.Advance(TimeSpan.FromSeconds(30));
        (other.IsCutOff, other.IsUnsteady) = (false, true);
        other.Renew();
        Assert.True(other.Enter(scope).IsRefused);
        (one.IsCutOff, other.IsUnsteady) = (false, false);
        one.Renew();
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.True(other.Enter(scope).IsRefused);
    }

    [Fact]
    public void A_request_that_waits_is_judged_by_the_limits_that_are_in_effect_when_it_is_decided()
    {
        var world = _world.With(2);
        var (one, many) = (Asking.Of(new LimitSet { RequestsPerSecond = 1 }), Asking.Of(new LimitSet { RequestsPerSecond = 5 }));
        Assert.True(world.Servers[0].Enter(one).IsAdmitted);
        var (raised, first) = (world.Servers[1].Ask(default, one), world.Servers[1].Ask(default, many));
        world.Servers[1].Pump();
        Assert.True(raised.IsAdmitted && first.IsAdmitted);
        var (lowered, last) = (world.Servers[1].Ask(default, many), world.Servers[1].Ask(default, one));
        world.Servers[1].Pump();
        Assert.True(!lowered.IsAdmitted && !last.IsAdmitted);
    }

    [Fact]
    public void A_refusal_is_believed_for_a_while_and_not_asked_again()
    {
        var world = _world.With(2);
        var scope = Asking.Of(new LimitSet { RequestsPerMinute = 1 });
        Assert.True(world.Servers[0].Enter(scope).IsAdmitted);
        Assert.True(world.Servers[1].Enter(scope).IsRefused);
        world.Advance(TimeSpan.FromMilliseconds(249));
        Assert.True(world.Servers[1].Ask(default, scope).IsRefused);
        world.Advance(TimeSpan.FromMilliseconds(1));
        var asked = world.Servers[1].Ask(default, scope);
        Assert.False(asked.IsRefused);
        world.Servers[1].Pump();
        Assert.True(asked.IsRefused);
    }

    [Fact]
    public void Without_the_database_nothing_is_let_in_that_was_not_taken_before()
    {
        var world = _world.With(1);
        var scope = Asking.Of(new LimitSet { RequestsPerMinute = 60_000 });
        var server = world.Servers[0];
        for (var i = 0; i < 50; i++)
        {
            server.Enter(scope);
            world.Advance(TimeSpan.FromMilliseconds(1));
        }
        server.IsCutOff = true;
        Assert.True(server.Ask(default, scope).IsAdmitted);
        world.Advance(TimeSpan.FromSeconds(8));
        var asked = server.Ask(default, scope);
        Assert.False(asked.IsAdmitted);
        server.Pump();
        Assert.True(asked.IsUnavailable);
        server.IsCutOff = false;
        world.Advance(TimeSpan.FromMilliseconds(250));
        Assert.True(server.Enter(scope).IsAdmitted);
    }

    [Fact]
    public void What_counts_nowhere_any_more_is_deleted()
    {
        var world = _world.With(1);
        for (var i = 0; i < 1001; i++)
            Assert.True(world.Servers[0].Enter(Asking.Of(new LimitSet { RequestsPerHour = 2000 })).IsAdmitted);
        world.Advance(TimeSpan.FromHours(1));
        world.Servers[0].Enter(Asking.Of(new LimitSet { RequestsPerHour = 2000 }));
        Assert.True(ShareStore.Forget(world.Database, world.Clock));
        Assert.False(ShareStore.Forget(world.Database, world.Clock));
        Assert.Equal(1L, world.Database.Query("SELECT COUNT(*) FROM limit_bookings", row => row.GetInt64(0))[0]);
    }
}
