using Milliways.Dialects.Chat;
using Milliways.Routing;
using Milliways.Routing.Health;
using Milliways.Routing.Retries;
using Milliways.Tests.Support;

namespace Milliways.Tests.Routing.Retries;

/// <summary>Which attempt comes next, and after which wait.</summary>
public sealed class RetryPlanTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly Failure Broken = Failure.Broken("headers", "It broke.");

    private static Failure Refused(int status, int? retryAfter = null, FailureParty party = FailureParty.Upstream) =>
        new(FailureKind.UpstreamRefused, party, "headers", "no") { UpstreamStatus = status, RetryAfterSeconds = retryAfter };

    private static RetryPlan Plan(int attempts, int retries, double fraction = 0, int? each = null) =>
        new([.. Enumerable.Range(0, attempts).Select(i => Attempts.Of($"u{i}", retries: each))], retries, () => fraction);

    [Fact]
    public void Everybody_is_tried_once_without_a_wait_and_retries_come_after()
    {
        var plan = Plan(3, retries: 2);
        var tries = new List<(int, double)>();
        var now = TimeSpan.Zero;
        while (plan.Next(now, Hour) is { } next)
        {
            tries.Add((next.Index, next.Wait.TotalMilliseconds));
            now += next.Wait + TimeSpan.FromMilliseconds(10);
            plan.Failed(next.Index, Broken, now);
        }
        // The first two failed first, so their half a second of back-off (halved by the jitter) is over first.
        Assert.Equal([(0, 0), (1, 0), (2, 0), (0, 230), (1, 0)], tries);
    }

    [Fact]
    public void None_is_one_attempt_for_each_that_is_listed()
    {
        var plan = Plan(2, retries: 0);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(new NextTry(i, TimeSpan.Zero), plan.Next(TimeSpan.Zero, Hour));
            plan.Failed(i, Broken, TimeSpan.Zero);
        }
        Assert.Null(plan.Next(TimeSpan.Zero, Hour));
    }

    [Fact]
    public void An_upstreams_own_bound_counts_too()
    {
        var plan = Plan(1, retries: 5, each: 1);
        var tries = 0;
        while (plan.Next(TimeSpan.Zero, Hour) is { } next)
        {
            tries++;
            plan.Failed(next.Index, Broken, TimeSpan.Zero);
        }
        Assert.Equal(2, tries);
        Assert.Equal(5, new Route([Attempts.Of("a"), Attempts.Of("b", retries: 5)]).Retries);
        Assert.Equal(0, new Route(Attempts.Of("a", retries: 0)).Retries);
        Assert.Equal(Route.UsualRetries, new Route(Attempts.Of("a")).Retries);
    }

    [Theory]
    [InlineData(3, 0, 3.0)]
    [InlineData(3, 1, 3.3)]
    [InlineData(5, 0, 5.0)]
    [InlineData(6, 0, null)]
    public void What_the_upstream_asks_for_is_waited_for_up_to_five_seconds(int seconds, double fraction, double? wait)
    {
        var plan = Plan(1, retries: 2, fraction);
        plan.Next(TimeSpan.Zero, Hour);
        plan.Failed(0, Refused(429, seconds), TimeSpan.Zero);
        Assert.Equal(wait, plan.Next(TimeSpan.Zero, Hour)?.Wait.TotalSeconds);
    }

    [Fact]
    public void One_that_asks_for_patience_lets_the_other_go_first()
    {
        var plan = Plan(2, retries: 1);
        plan.Next(TimeSpan.Zero, Hour);
        plan.Failed(0, Refused(429, 5), TimeSpan.Zero);
        plan.Next(TimeSpan.Zero, Hour);
        plan.Failed(1, Refused(500), TimeSpan.Zero);
        Assert.Equal(new NextTry(1, TimeSpan.FromMilliseconds(250)), plan.Next(TimeSpan.Zero, Hour));
    }

    [Fact]
    public void A_wait_that_would_use_up_the_rest_of_the_time_is_not_begun()
    {
        var plan = Plan(1, retries: 2);
        plan.Next(TimeSpan.Zero, Hour);
        plan.Failed(0, Refused(503, 4), TimeSpan.Zero);
        Assert.Null(plan.Next(TimeSpan.Zero, TimeSpan.FromSeconds(4)));
        Assert.NotNull(plan.Next(TimeSpan.Zero, TimeSpan.FromSeconds(4.1)));
    }

    [Fact]
    public void Back_off_doubles_from_half_a_second_to_eight_and_stays_between_half_and_whole()
    {
        double[] wholes = [0.5, 1, 2, 4, 8, 8, 8];
        Dice.Check(dice =>
        {
            var (failures, fraction) = (1 + dice.Upto(7), dice.Upto(9973) / 9972.0);
            Assert.InRange(BackOff.After(failures, fraction).TotalSeconds, wholes[failures - 1] / 2, wholes[failures - 1]);
        });
        Assert.Equal(BackOff.Most, BackOff.After(int.MaxValue, 1));
    }

    [Fact]
    public void No_plan_tries_more_often_than_it_may_or_one_that_is_spent()
    {
        Failure[] failures = [Broken, Refused(429, 3), Refused(429, 60), Refused(500), Refused(404, party: FailureParty.Client), Refused(402), new(FailureKind.Timeout, FailureParty.Upstream, "idle", "slow")];
        Dice.Check(dice =>
        {
            var (count, retries, now) = (1 + dice.Upto(4), dice.Upto(6), TimeSpan.Zero);
            var (plan, tries, spent) = (Plan(count, retries, fraction: 1), new int[count], new bool[count]);
            while (plan.Next(now, Hour) is { } next)
            {
                Assert.False(spent[next.Index]);
                Assert.True(tries[next.Index]++ > 0 || next.Wait == TimeSpan.Zero);
                Assert.InRange(next.Wait, TimeSpan.Zero, BackOff.Most);
                now += next.Wait;
                var failure = dice.One(failures);
                plan.Failed(next.Index, failure, now);
                spent[next.Index] = failure.UpstreamStatus is 404 or 402 || failure.Kind == FailureKind.Timeout || failure.RetryAfterSeconds == 60;
            }
            Assert.InRange(tries.Sum(), count, count + retries);
        });
    }

    /// <summary>The table of docs/routing.md: does another upstream help, does the same one, does it count against it.</summary>
    [Theory]
    [InlineData(400, false, false, Verdict.Unknown)]
    [InlineData(403, true, false, Verdict.Unknown)]
    [InlineData(404, true, false, Verdict.Unknown)]
    [InlineData(408, true, true, Verdict.Bad)]
    [InlineData(413, false, false, Verdict.Unknown)]
    [InlineData(422, false, false, Verdict.Unknown)]
    [InlineData(401, true, false, Verdict.Unknown)]
    [InlineData(402, true, false, Verdict.Unknown)]
    [InlineData(429, true, true, Verdict.Bad)]
    [InlineData(500, true, true, Verdict.Bad)]
    [InlineData(501, true, false, Verdict.Bad)]
    [InlineData(502, true, true, Verdict.Bad)]
    [InlineData(503, true, true, Verdict.Bad)]
    [InlineData(504, true, true, Verdict.Bad)]
    [InlineData(529, true, true, Verdict.Bad)]
    internal void A_status_says_who_may_do_better(int status, bool another, bool same, Verdict verdict)
    {
        var failure = Milliways.Dialects.OpenAiChat.Errors.Read(status, "{}"u8, null);
        Assert.Equal((another, same, verdict), (FailureRules.AnotherMayHelp(failure), FailureRules.SameMayHelp(failure), FailureRules.Of(failure)));
    }

    [Fact]
    public void Breaks_are_retried_time_outs_go_elsewhere_and_the_end_is_the_end()
    {
        foreach (var (failure, another, same, verdict) in new[]
        {
            (Broken, true, true, Verdict.Bad),
            (Failure.Broken("connect", "x"), true, true, Verdict.Bad),
            (Failure.Broken("body", "no answer"), true, true, Verdict.Bad),
            (new Failure(FailureKind.Timeout, FailureParty.Upstream, "first-event", "x"), true, false, Verdict.Bad),
            (new Failure(FailureKind.Timeout, FailureParty.Upstream, "total", "x"), false, false, Verdict.Unknown),
            (new Failure(FailureKind.Overloaded, FailureParty.Gateway, "shutdown", "x"), false, false, Verdict.Unknown),
            (new Failure(FailureKind.Overloaded, FailureParty.Gateway, "route", "off"), true, false, Verdict.Unknown),
            (Failure.Unsupported("x", "seed"), true, false, Verdict.Unknown),
            (new Failure(FailureKind.ContextExceeded, FailureParty.Client, "headers", "x") { UpstreamStatus = 500 }, false, false, Verdict.Unknown),
        })
            Assert.Equal((another, same, verdict), (FailureRules.AnotherMayHelp(failure), FailureRules.SameMayHelp(failure), FailureRules.Of(failure)));
    }
}
