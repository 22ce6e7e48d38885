using Milliways.Routing.Health;
using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Routing.Health;

/// <summary>The breaker by itself: when it opens, whom it lets in, and who may close it.</summary>
public sealed class BreakerTests
{
    private static readonly BreakerSettings Settings = new(3, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));

    private static void Report(Breaker breaker, Verdict verdict, int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.True(breaker.TryEnter(out var pass));
            pass.Tell(verdict);
        }
    }

    private static Breaker Opened(ManualTime clock, List<BreakerState>? changes = null)
    {
        var breaker = new Breaker(Settings, clock, changes is null ? null : changes.Add);
        Report(breaker, Verdict.Bad, 3);
        Assert.Equal(BreakerState.Open, breaker.State);
        return breaker;
    }

    [Fact]
    public void It_opens_with_the_failure_that_makes_the_number_full_and_lets_nobody_in_until_its_time_is_over()
    {
        var clock = new ManualTime();
        var breaker = new Breaker(Settings, clock);
        Report(breaker, Verdict.Bad, 2);
        Assert.Equal(BreakerState.Closed, breaker.State);
        Report(breaker, Verdict.Bad);

        Assert.Equal((BreakerState.Open, TimeSpan.FromSeconds(10)), (breaker.State, breaker.OpensIn));
        clock.Advance(TimeSpan.FromSeconds(9.999));
        Assert.False(breaker.TryEnter(out _));
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(breaker.TryEnter(out var pass));
        Assert.Equal(PassKind.Probe, pass.Kind);
    }

    [Fact]
    public void Mixed_failures_open_it_only_when_they_are_half_of_what_was_tried()
    {
        var breaker = new Breaker(Settings, new ManualTime());
        for (var i = 0; i < 50; i++)
        {
            Report(breaker, Verdict.Good, 3);
            Report(breaker, Verdict.Bad, 2);
        }
        Assert.Equal(BreakerState.Closed, breaker.State);
        // 100 of 250 were bad: with two bad ones for each good one half of all is reached after 51 rounds.
        for (var i = 0; i < 153 && breaker.State == BreakerState.Closed; i++)
            Report(breaker, i % 3 == 2 ? Verdict.Good : Verdict.Bad);
        Assert.Equal(BreakerState.Open, breaker.State);
    }

    [Fact]
    public void A_row_of_failures_opens_it_however_good_it_was_before()
    {
        var breaker = new Breaker(Settings, new ManualTime());
        Report(breaker, Verdict.Good, 1000);
        Report(breaker, Verdict.Bad, 2);
        Assert.Equal(BreakerState.Closed, breaker.State);
        Report(breaker, Verdict.Bad);
        Assert.Equal(BreakerState.Open, breaker.State);
    }

    [Fact]
    public void What_happened_before_the_window_is_forgotten()
    {
        var clock = new ManualTime();
        var breaker = new Breaker(Settings, clock);
        Report(breaker, Verdict.Bad, 2);
        clock.Advance(Settings.Window);
        Report(breaker, Verdict.Bad, 2);
        Assert.Equal(BreakerState.Closed, breaker.State);
        Report(breaker, Verdict.Bad);
        Assert.Equal(BreakerState.Open, breaker.State);
    }

    [Fact]
    public void A_callers_own_mistakes_and_callers_who_leave_say_nothing()
    {
        var breaker = new Breaker(Settings, new ManualTime());
        Report(breaker, Verdict.Unknown, 1000);
        Assert.Equal(BreakerState.Closed, breaker.State);
    }

    [Fact]
    public void One_probe_at_a_time_decides_and_its_outcome_only()
    {
        var (clock, changes) = (new ManualTime(), new List<BreakerState>());
        var breaker = Opened(clock, changes);
        clock.Advance(Settings.Open);
        Assert.True(breaker.TryEnter(out var probe));
        Assert.False(breaker.TryEnter(out _));
        clock.Advance(TimeSpan.FromMinutes(5)); // a probe may take long: nobody else finds out meanwhile
        Assert.False(breaker.TryEnter(out _));

        probe.Tell(Verdict.Bad);
        Assert.False(breaker.TryEnter(out _));
        clock.Advance(2 * Settings.Open);
        Assert.True(breaker.TryEnter(out probe));
        probe.Tell(Verdict.Good);
        Assert.Equal(BreakerState.Closed, breaker.State);
        Report(breaker, Verdict.Bad, 2); // it begins anew
        Assert.Equal(BreakerState.Closed, breaker.State);
        Assert.Equal([BreakerState.Open, BreakerState.Closed], changes);
    }

    /// <summary>What Polly cannot do: it closes for a probe whose caller left.</summary>
    [Fact]
    public void A_probe_whose_caller_leaves_neither_closes_nor_keeps_the_place()
    {
        var clock = new ManualTime();
        var breaker = Opened(clock);
        clock.Advance(Settings.Open);
        Assert.True(breaker.TryEnter(out var probe));
        probe.Tell(Verdict.Unknown);

        Assert.Equal(BreakerState.HalfOpen, breaker.State);
        Assert.True(breaker.TryEnter(out probe));
        Assert.Equal(PassKind.Probe, probe.Kind);
    }

    [Fact]
    public void What_began_before_it_opened_does_not_decide_afterwards()
    {
        var clock = new ManualTime();
        var breaker = new Breaker(Settings, clock);
        Assert.True(breaker.TryEnter(out var early));
        Report(breaker, Verdict.Bad, 3);
        early.Tell(Verdict.Good);
        Assert.False(breaker.TryEnter(out _));
    }

    [Fact]
    public void Those_with_nowhere_else_to_go_are_let_in_a_few_at_a_time_and_close_it_when_they_are_answered()
    {
        var clock = new ManualTime();
        var breaker = Opened(clock);
        var passes = new List<BreakerPass>();
        while (breaker.TryForce(out var pass))
            passes.Add(pass);
        Assert.Equal(Breaker.MostForced, passes.Count);

        passes[0].Tell(Verdict.Bad);
        Assert.Equal((BreakerState.Open, TimeSpan.FromSeconds(10)), (breaker.State, breaker.OpensIn)); // no news, and no longer wait
        Assert.True(breaker.TryForce(out _));
        passes[1].Tell(Verdict.Good);
        Assert.Equal(BreakerState.Closed, breaker.State);
        foreach (var late in passes[2..])
            late.Tell(Verdict.Bad);
        Assert.Equal(BreakerState.Closed, breaker.State); // what began while it was open
    }

    [Fact]
    public void Switched_off_it_lets_everybody_in()
    {
        var breaker = new Breaker(settings: null, new ManualTime());
        Report(breaker, Verdict.Bad, 1000);
        breaker.Blame();
        Assert.Equal(BreakerState.Closed, breaker.State);
    }

    /// <summary>Against a model of the claims: never in while it is open, never two probes, and open only after enough failures.</summary>
    [Fact]
    public void No_course_of_events_lets_two_probes_out_or_a_request_in_while_it_is_open()
    {
        Dice.Check(dice =>
        {
            var clock = new ManualTime();
            var settings = new BreakerSettings(1 + dice.Upto(4), TimeSpan.FromSeconds(5 + dice.Upto(20)), TimeSpan.FromSeconds(1 + dice.Upto(10)));
            var breaker = new Breaker(settings, clock);
            var (passes, probes, failures) = (new List<BreakerPass>(), 0, 0);
            TimeSpan? openedAt = null;
            for (var step = 0; step < 60; step++)
                switch (dice.Upto(4))
                {
                    case 0:
                        clock.Advance(TimeSpan.FromMilliseconds(dice.Upto(4000)));
                        break;
                    case 1:
                        var state = breaker.State;
                        var entered = breaker.TryEnter(out var pass);
                        Assert.Equal(state switch { BreakerState.Closed => true, BreakerState.Open => false, _ => probes == 0 }, entered);
                        if (!entered)
                            break;
                        if (state == BreakerState.HalfOpen)
                        {
                            Assert.Equal(PassKind.Probe, pass.Kind);
                            Assert.True(clock.Now - openedAt >= settings.Open);
                            probes++;
                        }
                        passes.Add(pass);
                        break;
                    default:
                        if (passes.Count == 0)
                            break;
                        var (which, verdict, before) = (dice.Upto(passes.Count), dice.One(Verdict.Bad, Verdict.Good, Verdict.Unknown, Verdict.Bad), breaker.State);
                        var told = passes[which];
                        passes.RemoveAt(which);
                        told.Tell(verdict);
                        if (told.Kind == PassKind.Probe)
                            probes--;
                        failures = verdict == Verdict.Bad ? failures + 1 : failures;
                        if (before == BreakerState.Closed && breaker.State == BreakerState.Open)
                        {
                            Assert.True(failures >= settings.Failures);
                            failures = 0;
                        }
                        if (breaker.State == BreakerState.Open && before != BreakerState.Open)
                            openedAt = clock.Now;
                        if (before != BreakerState.Closed && breaker.State == BreakerState.Closed)
                        {
                            Assert.Equal((PassKind.Probe, Verdict.Good), (told.Kind, verdict));
                            failures = 0;
                        }
                        break;
                }
        }, tests: 1000);
    }

    [Fact]
    public async Task Many_at_once_send_one_probe()
    {
        for (var round = 0; round < 200; round++)
        {
            var clock = new ManualTime();
            var breaker = Opened(clock);
            clock.Advance(Settings.Open);
            var (go, inside) = (new Gate(), 0);
            var all = Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
            {
                await go.WaitAsync();
                if (breaker.TryEnter(out var pass))
                    Interlocked.Increment(ref inside);
                return pass;
            })).ToArray();
            go.Open();
            var passes = await Task.WhenAll(all).Soon();
            Assert.Equal(1, inside);
            passes.Single(pass => pass.Kind == PassKind.Probe).Tell(Verdict.Good);
            Assert.Equal(BreakerState.Closed, breaker.State);
        }
    }

    [Fact]
    public void Each_failed_probe_doubles_the_time_up_to_a_minute_and_a_good_one_begins_anew()
    {
        var clock = new ManualTime();
        var breaker = Opened(clock);
        foreach (var seconds in new[] { 10, 20, 40, 60, 60, 60 })
        {
            Assert.Equal(TimeSpan.FromSeconds(seconds), breaker.OpensIn);
            clock.Advance(breaker.OpensIn);
            Assert.True(breaker.TryEnter(out var probe));
            probe.Tell(Verdict.Bad);
        }
        clock.Advance(breaker.OpensIn);
        Report(breaker, Verdict.Good);
        Report(breaker, Verdict.Bad, 3);
        Assert.Equal(Settings.Open, breaker.OpensIn);
    }

    [Fact]
    public void An_operator_who_asks_for_more_than_a_minute_gets_it()
    {
        var clock = new ManualTime();
        var breaker = new Breaker(Settings with { Open = TimeSpan.FromMinutes(5) }, clock);
        Report(breaker, Verdict.Bad, 3);
        clock.Advance(breaker.OpensIn);
        Report(breaker, Verdict.Bad);
        Assert.Equal(TimeSpan.FromMinutes(5), breaker.OpensIn);
    }
}
