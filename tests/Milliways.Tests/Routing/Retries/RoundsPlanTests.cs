using Milliways.Dialects.Chat;
using Milliways.Routing.Retries;
using Milliways.Tests.Support;

namespace Milliways.Tests.Routing.Retries;

/// <summary>Tries that a caller has counted and timed itself (cloudflare 3.3).</summary>
public sealed class RoundsPlanTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10), FirstPart = TimeSpan.FromSeconds(9);

    private static readonly Failure Down = new(FailureKind.UpstreamRefused, FailureParty.Upstream, "status", "down") { UpstreamStatus = 503 };

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static TryRules Rules(int attempts, string growth = "Constant", int delay = 100) => new(attempts, Ms(delay), Enum.Parse<DelayGrowth>(growth), FirstPart);

    private static RoundsPlan Plan(TryRules rules, int attempts = 1, bool isLast = true) =>
        new([.. Enumerable.Range(0, attempts).Select(i => Attempts.Of($"u{i}"))], rules, isLast, () => 0);

    [Theory]
    [InlineData("Constant", 100, 100, 100, 100)]
    [InlineData("Linear", 100, 200, 300, 400)]
    [InlineData("Exponential", 100, 200, 400, 800)]
    public void Delays_grow_as_the_caller_says(string growth, params int[] waits)
    {
        var plan = Plan(Rules(5, growth));
        var now = TimeSpan.Zero;
        Assert.Equal(new NextTry(0, TimeSpan.Zero, FirstPart), plan.Next(now, Patience));
        for (var i = 0; i < waits.Length; i++)
        {
            plan.Failed(0, Down, now += Ms(7));
            // The last of all waits for its answer as long as it takes.
            Assert.Equal(new NextTry(0, Ms(waits[i]), i == waits.Length - 1 ? null : FirstPart), plan.Next(now, Patience));
            now += Ms(waits[i]);
        }
        plan.Failed(0, Down, now);
        Assert.Null(plan.Next(now, Patience));
    }

    [Fact]
    public void The_only_try_has_its_time_out_and_so_has_the_last_before_another_step()
    {
        Assert.Equal(FirstPart, Plan(Rules(1)).Next(TimeSpan.Zero, Patience)!.Value.FirstPart);
        var plan = Plan(Rules(2), isLast: false);
        plan.Next(TimeSpan.Zero, Patience);
        plan.Failed(0, Down, TimeSpan.Zero);
        Assert.Equal(new NextTry(0, Ms(100), FirstPart), plan.Next(TimeSpan.Zero, Patience));
    }

    [Fact]
    public void A_round_asks_all_attempts_at_once_and_waits_before_the_next_round_only()
    {
        var plan = Plan(Rules(2), attempts: 2);
        foreach (var expected in new NextTry[] { new(0, TimeSpan.Zero, FirstPart), new(1, TimeSpan.Zero, FirstPart), new(0, Ms(100), FirstPart) })
        {
            var next = plan.Next(TimeSpan.Zero, Patience);
            Assert.Equal(expected, next);
            plan.Failed(next!.Value.Index, Down, TimeSpan.Zero);
        }
        Assert.Equal(new NextTry(1, TimeSpan.Zero), plan.Next(Ms(100), Patience));
    }

    [Fact]
    public void An_upstreams_own_wish_is_heard_when_it_is_longer_and_not_waited_for_when_it_is_too_long()
    {
        var plan = Plan(Rules(3));
        plan.Next(TimeSpan.Zero, Patience);
        plan.Failed(0, Down with { RetryAfterSeconds = 2 }, TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromSeconds(2), plan.Next(TimeSpan.Zero, Patience)!.Value.Wait);
        plan.Failed(0, Down with { RetryAfterSeconds = 6 }, TimeSpan.Zero);
        Assert.Null(plan.Next(TimeSpan.Zero, Patience));
    }

    [Fact]
    public void A_wait_that_uses_up_the_request_is_not_begun()
    {
        var plan = Plan(Rules(2, delay: 5000));
        plan.Next(TimeSpan.Zero, Patience);
        plan.Failed(0, Down, TimeSpan.Zero);
        Assert.Null(plan.Next(TimeSpan.Zero, Ms(5000)));
    }

    [Fact]
    public void Steps_follow_each_other_with_their_own_plans_and_places()
    {
        var plan = new StepsPlan([(Plan(Rules(2, delay: 0), attempts: 2, isLast: false), 2), (Plan(Rules(1)), 1)]);
        var order = new List<int>();
        while (plan.Next(TimeSpan.Zero, Patience) is { } next)
        {
            order.Add(next.Index);
            plan.Failed(next.Index, Down, TimeSpan.Zero);
        }
        Assert.Equal([0, 1, 0, 1, 2], order);
        var refused = new Failure(FailureKind.InvalidRequest, FailureParty.Client, "status", "no") { UpstreamStatus = 400 };
        Assert.True(plan.MayGoOn(refused));
        Assert.False(Plan(Rules(2)).MayGoOn(refused));
        Assert.False(plan.MayGoOn(refused with { Stage = "total" }));
    }
}
