using Milliways.Routing;
using Milliways.Routing.Order;
using Milliways.Tests.Support;

namespace Milliways.Tests.Routing.Order;

/// <summary>Who stands first, and who behind.</summary>
public sealed class AttemptOrderTests
{
    private static AttemptOrder Order(ulong seed = 1) => new(Attempts.Board(), new Lots(seed));

    private static string[] Names(IReadOnlyList<Attempt> attempts) => [.. attempts.Select(attempt => attempt.Upstream.Name)];

    [Fact]
    public void Priority_is_the_order_of_the_list_whatever_the_weights_and_the_session()
    {
        var route = Attempts.Weighted(1, 100, 7) with { Order = RouteOrder.Priority };
        for (ulong session = 0; session < 50; session++)
            Assert.Same(route.Attempts, Order().Arrange(route, isStream: true, session));
    }

    [Fact]
    public void The_same_seed_makes_the_same_choices_and_another_seed_others()
    {
        var route = Attempts.Weighted(3, 2, 1);
        string Choices(ulong seed)
        {
            var order = Order(seed);
            return string.Concat(Enumerable.Range(0, 100).Select(_ => string.Concat(Names(order.Arrange(route, true, null)))));
        }

        Assert.Equal(Choices(7), Choices(7));
        Assert.NotEqual(Choices(7), Choices(8));
    }

    /// <summary>Both by chance and over many conversations, each with its own hash; the bound is five standard deviations.</summary>
    [Fact]
    public void In_the_long_run_each_upstream_answers_first_by_its_weight()
    {
        const int Rounds = 4000;
        Dice.Check(dice =>
        {
            var weights = Enumerable.Range(0, 2 + dice.Upto(4)).Select(_ => dice.Upto(20)).ToArray();
            weights[0]++;
            var (route, order, bySession) = (Attempts.Weighted(weights), Order((ulong)dice.Upto(9973)), dice.Flip());
            var firsts = new int[weights.Length];
            var sessions = new Lots((ulong)dice.Upto(9973) + 77);
            for (var i = 0; i < Rounds; i++)
            {
                var arranged = order.Arrange(route, true, bySession ? sessions.Next() : null);
                Assert.Equal(weights.Length, arranged.Distinct().Count()); // everybody is still there
                firsts[int.Parse(arranged[0].Upstream.Name[1..], System.Globalization.CultureInfo.InvariantCulture)]++;
            }
            for (var i = 0; i < weights.Length; i++)
            {
                var share = (double)weights[i] / weights.Sum();
                Assert.True(Math.Abs(firsts[i] - share * Rounds) <= 5 * Math.Sqrt(Rounds * share * (1 - share)) + 1e-9,
                    $"u{i} of {string.Join(':', weights)} stood first {firsts[i]} times of {Rounds}");
            }
        }, tests: 40);
    }

    [Fact]
    public void A_weight_of_nothing_stands_behind_all_others()
    {
        var (route, order) = (Attempts.Weighted(0, 1, 5), Order());
        for (var i = 0; i < 200; i++)
            Assert.Equal("u0", Names(order.Arrange(route, true, null))[^1]);
    }

    /// <summary>Rendezvous hashing: what a conversation turns to when an upstream is gone is what already stood behind it.</summary>
    [Fact]
    public void An_upstream_that_goes_away_moves_its_own_conversations_and_no_others()
    {
        Dice.Check(dice =>
        {
            var weights = Enumerable.Range(0, 2 + dice.Upto(5)).Select(_ => 1 + dice.Upto(9)).ToArray();
            var (all, order, gone) = (Attempts.Weighted(weights), Order(), dice.Upto(weights.Length));
            if (dice.Flip())
                all = all with { Order = RouteOrder.LeastLatency };
            var rest = all with { Attempts = [.. all.Attempts.Where((_, i) => i != gone)] };
            var sessions = new Lots((ulong)dice.Upto(9973));
            for (var i = 0; i < 100; i++)
            {
                var session = sessions.Next();
                var (before, after) = (Names(order.Arrange(all, true, session)), Names(order.Arrange(rest, true, session)));
                Assert.Equal(before.Where(name => name != $"u{gone}"), after);
                Assert.Equal(before, Names(Order(99).Arrange(all, true, session))); // another process, the same place
            }
        }, tests: 60);
    }

    [Fact]
    public void The_fastest_stands_first_the_slow_ones_behind_and_nobody_is_left_unmeasured()
    {
        var (clock, route) = (new ManualTime(), new Route([Attempts.Of("slow"), Attempts.Of("fast"), Attempts.Of("slower"), Attempts.Of("new")]) { Order = RouteOrder.LeastLatency });
        var board = Attempts.Board(clock);
        var order = new AttemptOrder(board, new Lots(1));
        foreach (var (i, took) in new[] { (0, 400), (1, 100), (2, 900) })
            board.Of(route.Attempts[i]).Latency(isStream: true).Measured(TimeSpan.FromMilliseconds(took));

        var firsts = new HashSet<string>();
        for (var i = 0; i < 50; i++)
        {
            var names = Names(order.Arrange(route, true, null));
            firsts.Add(names[0]);
            Assert.Equal(["slow", "slower"], names[2..]);
        }
        Assert.Equal(["fast", "new"], firsts.Order());

        board.Of(route.Attempts[3]).Latency(isStream: true).Measured(TimeSpan.FromMilliseconds(2000));
        Assert.Equal(["fast", "slow", "slower", "new"], Names(order.Arrange(route, true, null)));
        // Whole answers have been measured nowhere: they are shared out.
        Assert.Equal(4, Enumerable.Range(0, 100).Select(_ => Names(order.Arrange(route, isStream: false, null))[0]).Distinct().Count());
        // What nobody has measured for a while is worth another try.
        clock.Advance(Milliways.Routing.Health.Latency.Keeps);
        Assert.Equal(4, Enumerable.Range(0, 100).Select(_ => Names(order.Arrange(route, true, null))[0]).Distinct().Count());
    }

    [Fact]
    public void Equals_share_the_requests_and_a_conversation_stays_with_one_of_them()
    {
        var route = new Route([Attempts.Of("a"), Attempts.Of("b"), Attempts.Of("far")]) { Order = RouteOrder.LeastLatency };
        var board = Attempts.Board();
        var order = new AttemptOrder(board, new Lots(3));
        foreach (var (i, took) in new[] { (0, 100), (1, 130), (2, 1000) })
            board.Of(route.Attempts[i]).Latency(true).Measured(TimeSpan.FromMilliseconds(took));

        var counts = Enumerable.Range(0, 2000).Select(_ => Names(order.Arrange(route, true, null))[0]).CountBy(name => name).ToDictionary();
        Assert.InRange(counts["a"], 880, 1120);
        Assert.Equal(2000, counts["a"] + counts["b"]);
        for (ulong session = 0; session < 20; session++)
        {
            var first = Names(order.Arrange(route, true, session))[0];
            Assert.NotEqual("far", first);
            for (var i = 0; i < 5; i++)
                Assert.Equal(first, Names(order.Arrange(route, true, session))[0]);
        }
    }
}
