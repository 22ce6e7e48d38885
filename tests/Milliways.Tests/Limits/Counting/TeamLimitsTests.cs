using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits.Counting;

/// <summary>Several limits of several scopes: all or none, exact in every window, forgotten when idle.</summary>
public sealed class TeamLimitsTests
{
    private static readonly LimitSet Beta = new() { RequestsPerSecond = 1, RequestsPerMinute = 60, RequestsPerHour = 1200 };
    private static readonly LimitSet Vision = new() { RequestsPerSecond = 1, RequestsPerMinute = 3, RequestsPerHour = 60 };

    /// <summary>Any sequence of requests, refusals, corrections, endings and steps of time, against the plainest model there is.</summary>
    [Fact]
    public void No_window_is_overfull_and_nobody_is_refused_who_would_fit()
    {
        Dice.Check(dice =>
        {
            var clock = new ManualTime();
            var asking = new Asking(clock);
            var names = new[] { ScopeName.Team, ScopeName.Key(new Guid(1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])), ScopeName.Model("m") };
            var models = names.Select(name => new ScopeModel(name, new LimitSet
            {
                RequestsPerSecond = dice.One<int?>(null, 1, 2, 5), RequestsPerMinute = dice.One<int?>(null, 3, 7), RequestsPerHour = dice.One<int?>(null, 9),
                TokensPerMinute = dice.One<long?>(null, 20, 50), Concurrent = dice.One<int?>(null, 1, 3),
            })).ToArray();
            var running = new List<(Holding Held, ScopeModel[] Scopes)>();
            foreach (var _ in Enumerable.Range(0, 70))
            {
                switch (dice.Upto(5))
                {
                    case 0:
                        clock.Advance(dice.One(TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(333), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(19), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(20)));
                        break;
                    case 1 when running.Count > 0:
                        var ending = dice.Upto(running.Count);
                        End(running[ending].Held, running[ending].Scopes, dice, clock.GetTimestamp());
                        running.RemoveAt(ending);
                        break;
                    default:
                        var (tokens, scopes) = (new TokenBound(dice.Upto(12), dice.Upto(12)), models[..(1 + dice.Upto(3))]);
                        var (held, hit) = asking.Ask(tokens, [.. scopes.Select(scope => new ScopedLimits(scope.Name, scope.Limits))]);
                        var fits = Array.TrueForAll(scopes, scope => scope.Fits(clock.GetTimestamp(), tokens));
                        Assert.True(fits == held is not null, $"fits {fits}, but {(held is null ? "refused by " + hit : "admitted")}");
                        if (held is not null)
                        {
                            foreach (var scope in scopes)
                                scope.Take(clock.GetTimestamp(), tokens);
                            running.Add((held, scopes));
                        }
                        break;
                }
            }
            foreach (var model in models)
                model.CheckWindows();
        }, tests: 1500);
    }

    private static void End(Holding held, ScopeModel[] scopes, Dice dice, long now)
    {
        if (dice.Upto(4) == 0)
        {
            held.Undo();
            for (var i = 0; i < scopes.Length; i++)
                scopes[i].Undo(held.At, held.Held[i].Tokens);
            return;
        }
        var used = dice.Upto(20);
        held.Correct(used);
        held.Leave();
        for (var i = 0; i < scopes.Length; i++)
            scopes[i].Correct(held.At, held.Held[i].Tokens, used, now);
    }

    [Theory]
    [InlineData(60, 1200, 1)]
    [InlineData(3, 60, 2)]
    public void The_limits_of_the_catalogue_let_in_exactly_as_many_in_every_window_when_more_is_offered(int minute, int hour, int hours)
    {
        var clock = new ManualTime();
        var asking = new Asking(clock);
        var limits = minute == 60 ? Beta : Vision;
        var (reference, minutes) = (new ReferenceWindow(3600 * TimeSpan.TicksPerSecond), new ReferenceWindow(60 * TimeSpan.TicksPerSecond));
        var seconds = new ReferenceWindow(TimeSpan.TicksPerSecond);
        var (admitted, step) = (0, TimeSpan.FromMilliseconds(500));
        for (var at = TimeSpan.Zero; at < TimeSpan.FromHours(hours); at += step)
        {
            while (asking.Enter(Asking.Of(limits)))
            {
                admitted++;
                reference.Book(clock.GetTimestamp(), 1);
                minutes.Book(clock.GetTimestamp(), 1);
                seconds.Book(clock.GetTimestamp(), 1);
            }
            clock.Advance(step);
        }
        Assert.Equal(((long)hour, (long)minute, 1L), (reference.Fullest(), minutes.Fullest(), seconds.Fullest()));
        Assert.Equal(hour * hours, admitted);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    public void A_large_limit_is_filled_to_95_percent_at_least_and_never_overfilled(int timesTheLimit)
    {
        const int Limit = 20_000;
        var clock = new ManualTime();
        var asking = new Asking(clock);
        var limits = Asking.Of(new LimitSet { RequestsPerMinute = Limit });
        var step = TimeSpan.FromMinutes(1) / (Limit * timesTheLimit);
        var perStep = new List<int>();
        for (var i = 0; i < Limit * timesTheLimit * 3; i++)
        {
            perStep.Add(asking.Enter(limits) ? 1 : 0);
            clock.Advance(step);
        }
        var (window, least, most) = (0, int.MaxValue, 0);
        for (var i = 0; i < perStep.Count; i++)
        {
            window += perStep[i] - (i >= Limit * timesTheLimit ? perStep[i - (Limit * timesTheLimit)] : 0);
            most = Math.Max(most, window);
            if (i >= Limit * timesTheLimit)
                least = Math.Min(least, window);
        }
        Assert.Equal(Limit, most);
        Assert.InRange(least, Limit * 95 / 100, Limit);
    }

    [Fact]
    public void A_refusal_by_one_scope_leaves_the_others_as_they_were()
    {
        var asking = new Asking(new ManualTime());
        ScopedLimits team = Asking.Of(new LimitSet { RequestsPerMinute = 4 }), key = new(ScopeName.Key(Guid.Empty), new LimitSet { RequestsPerMinute = 2 });
        Assert.Equal([true, true, false, false], Enumerable.Range(0, 4).Select(_ => asking.Enter(team, key)));
        Assert.Equal(new WindowStanding(2, 0, 60 * TimeSpan.TicksPerSecond), asking.Standing.Requests);
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => asking.Enter(team)));
    }

    [Fact]
    public void Of_several_limits_that_are_hit_the_one_that_takes_longest_is_told()
    {
        var clock = new ManualTime();
        var asking = new Asking(clock);
        var scope = Asking.Of(new LimitSet { RequestsPerSecond = 1, RequestsPerMinute = 2, RequestsPerHour = 2, Concurrent = 1 });
        asking.Ask(default, scope).Held!.Leave();
        Assert.Equal((Measure.RequestsPerSecond, TimeSpan.TicksPerSecond), Told(asking.Ask(default, scope).Hit));
        clock.Advance(TimeSpan.FromSeconds(1));
        var second = asking.Ask(default, scope).Held!;
        Assert.Equal((Measure.RequestsPerHour, 3599 * TimeSpan.TicksPerSecond), Told(asking.Ask(default, scope).Hit));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal((Measure.Concurrent, TimeSpan.TicksPerSecond), Told(asking.Ask(default, scope).Hit));
        second.Leave();
        Assert.True(asking.Enter(scope));

        static (Measure, long) Told(LimitHit hit) => (hit.Measure, hit.Wait);
    }

    [Fact]
    public void Tokens_are_reserved_by_the_bound_and_corrected_at_their_moment()
    {
        var clock = new ManualTime();
        var asking = new Asking(clock);
        var scope = Asking.Of(new LimitSet { TokensPerMinute = 100 });
        var first = asking.Ask(new TokenBound(10, 50), scope).Held!;
        Assert.Null(asking.Ask(new TokenBound(10, 50), scope).Held);
        clock.Advance(TimeSpan.FromSeconds(20));
        first.Correct(30);
        var second = asking.Ask(new TokenBound(10, 60), scope).Held!; // 30 + 70
        Assert.Equal(new WindowStanding(100, 0, 60 * TimeSpan.TicksPerSecond), asking.Standing.Tokens);
        var (refused, hit) = asking.Ask(new TokenBound(1, 0), scope);
        Assert.Null(refused);
        Assert.Equal(40 * TimeSpan.TicksPerSecond, hit.Wait); // when the first one's thirty leave
        clock.Advance(TimeSpan.FromSeconds(30));
        second.Correct(90); // twenty more than it was let in for, at this moment
        Assert.Equal((120L, 100L), (asking.Ask(new TokenBound(1, 0), scope).Hit.Used, asking.Ask(new TokenBound(1, 0), scope).Hit.Limit));
        clock.Advance(TimeSpan.FromSeconds(30)); // the seventy have left with the thirty, the twenty have not
        Assert.Equal(20, asking.Ask(new TokenBound(90, 0), scope).Hit.Used);
        Assert.NotNull(asking.Ask(new TokenBound(80, 0), scope).Held);
    }

    [Fact]
    public void An_answer_that_may_be_longer_than_the_limit_takes_an_empty_window_and_a_longer_prompt_never_fits()
    {
        var clock = new ManualTime();
        var asking = new Asking(clock);
        var scope = Asking.Of(new LimitSet { TokensPerMinute = 100 });
        Assert.NotNull(asking.Ask(new TokenBound(10, 4096), scope).Held);
        Assert.Equal(60 * TimeSpan.TicksPerSecond, asking.Ask(new TokenBound(10, 4096), scope).Hit.Wait);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(LimitWindow.Never, asking.Ask(new TokenBound(101, 0), scope).Hit.Wait);
        Assert.NotNull(asking.Ask(new TokenBound(100, 1), scope).Held);
    }

    [Fact]
    public void Other_numbers_keep_what_was_counted()
    {
        var clock = new ManualTime();
        var asking = new Asking(clock);
        for (var i = 0; i < 3; i++)
            Assert.True(asking.Enter(Asking.Of(new LimitSet { RequestsPerMinute = 3 })));
        Assert.False(asking.Enter(Asking.Of(new LimitSet { RequestsPerMinute = 2 })));
        Assert.True(asking.Enter(Asking.Of(new LimitSet { RequestsPerMinute = 4 })));
        Assert.False(asking.Enter(Asking.Of(new LimitSet { RequestsPerMinute = 4 })));
        Assert.True(asking.Enter(Asking.Of(new LimitSet { RequestsPerHour = 1 })));
        Assert.False(asking.Enter(Asking.Of(new LimitSet { RequestsPerMinute = 4, RequestsPerHour = 9 })));
    }

    [Fact]
    public void A_share_of_a_limit_is_what_is_let_in_and_the_whole_is_what_is_told()
    {
        var window = new LimitWindow(Measure.RequestsPerMinute, 60) { Share = new LimitShare(6) { Here = 2 } };
        window.Book(0, 1);
        Assert.Equal(0, window.WaitFor(1, 0));
        window.Book(0, 1);
        Assert.Equal((60L, new WindowStanding(6, 0, 60)), (window.WaitFor(1, 0), window.Standing(0)));
    }

    [Fact]
    public void What_is_idle_is_forgotten_and_what_is_not_is_kept()
    {
        var clock = new ManualTime();
        var asking = new Asking(clock);
        ScopedLimits team = Asking.Of(new LimitSet { RequestsPerMinute = 4 }), slots = new(ScopeName.Model("m"), new LimitSet { Concurrent = 1 });
        var held = asking.Ask(default, team, slots).Held!;
        Assert.Equal(2, held.Team.Scopes);
        clock.Advance(TimeSpan.FromMinutes(1));
        asking.Book.Forget();
        Assert.Equal((1, 2), (asking.Book.Teams, held.Team.Scopes)); // it runs still
        held.Leave();
        asking.Book.Forget();
        Assert.Equal((0, 0), (asking.Book.Teams, held.Team.Scopes));
        Assert.True(asking.Enter(team, slots));
        asking.Book.Forget();
        Assert.Equal(1, asking.Book.Teams);
    }
}
