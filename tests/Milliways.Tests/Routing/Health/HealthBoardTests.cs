using System.Globalization;
using Milliways.Routing.Health;
using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Routing.Health;

public sealed class HealthBoardTests
{
    private static readonly BreakerSettings Two = new(2, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));

    private static void Fail(HealthBoard board, Milliways.Routing.Attempt attempt, int times = 2)
    {
        for (var i = 0; i < times; i++)
            board.Of(attempt).Breaker.Blame();
    }

    [Fact]
    public void Each_upstream_and_model_has_a_health_of_its_own_and_the_log_hears_of_a_change_once()
    {
        var (clock, log) = (new ManualTime(), new ListLog<HealthBoard>());
        var board = new HealthBoard(clock, log);
        var (ill, well) = (Attempts.Of("lab", "alpha", breaker: Two), Attempts.Of("lab", "beta", breaker: Two));
        Assert.Same(board.Of(ill), board.Of(Attempts.Of("lab", "alpha", breaker: Two)));
        Fail(board, ill, times: 5);

        Assert.Equal([new AvoidedAttempt("lab/alpha", TimeSpan.FromSeconds(10))], board.Avoided());
        Assert.True(board.Of(well).Breaker.TryEnter(out _));
        clock.Advance(Two.Open);
        Assert.True(board.Of(ill).Breaker.TryEnter(out var probe));
        probe.Tell(Verdict.Bad);
        clock.Advance(2 * Two.Open);
        Assert.True(board.Of(ill).Breaker.TryEnter(out probe));
        probe.Tell(Verdict.Good);

        Assert.Empty(board.Avoided());
        Assert.Equal(["lab/alpha is avoided: 2 failures within 30 s; it is tried again after 10 s, and less often while it stays so", "lab/alpha answers again"], log.Lines);
    }

    [Fact]
    public void Changed_numbers_begin_anew_and_unchanged_ones_remember()
    {
        var board = Attempts.Board();
        Fail(board, Attempts.Of("lab", breaker: Two));
        Assert.Single(board.Avoided());
        Assert.Equal(BreakerState.Open, board.Of(Attempts.Of("lab", breaker: Two with { })).Breaker.State);
        Assert.Equal(BreakerState.Closed, board.Of(Attempts.Of("lab", breaker: Two with { Failures = 3 })).Breaker.State);
        Assert.Empty(board.Avoided());
    }

    [Fact]
    public void Names_that_callers_make_up_do_not_fill_the_memory()
    {
        var board = Attempts.Board();
        var seen = Enumerable.Range(0, HealthBoard.MostModels * 4).Select(i => board.Of(Attempts.Of("lab", i.ToString(CultureInfo.InvariantCulture)))).Distinct().Count();
        Assert.Equal(HealthBoard.MostModels + 1, seen);
        Assert.NotSame(board.Of(Attempts.Of("lab", "late")), board.Of(Attempts.Of("lab2", "late")));
    }

    [Fact]
    public void The_newest_measurement_moves_the_average_by_a_quarter()
    {
        var latency = new Latency(new ManualTime());
        Assert.Null(latency.Milliseconds);
        latency.Measured(TimeSpan.FromMilliseconds(100));
        latency.Measured(TimeSpan.FromMilliseconds(500));
        Assert.Equal(200, latency.Milliseconds);
        latency.Measured(TimeSpan.Zero);
        Assert.Equal(150, latency.Milliseconds!.Value, 0.01);
    }

    [Fact]
    public void A_connection_that_cannot_be_made_counts_for_all_models_of_the_upstream()
    {
        var (clock, log) = (new ManualTime(), new ListLog<HealthBoard>());
        var board = new HealthBoard(clock, log);
        foreach (var model in new[] { "alpha", "beta" })
        {
            Assert.True(board.Of(Attempts.Of("lab", model, breaker: Two)).TryEnter(out var pass));
            pass.Tell(Verdict.Unknown, Verdict.Bad);
        }

        Assert.Equal([new AvoidedAttempt("lab", TimeSpan.FromSeconds(10))], board.Avoided());
        Assert.False(board.Of(Attempts.Of("lab", "never asked", breaker: Two)).TryEnter(out _));
        Assert.True(board.Of(Attempts.Of("other", "alpha", breaker: Two)).TryEnter(out _));
        clock.Advance(Two.Open);
        // One probe for all of them, and its good end is good for all.
        Assert.True(board.Of(Attempts.Of("lab", "alpha", breaker: Two)).TryEnter(out var probe));
        Assert.False(board.Of(Attempts.Of("lab", "beta", breaker: Two)).TryEnter(out _));
        probe.Tell(Verdict.Good, Verdict.Good);
        Assert.True(board.Of(Attempts.Of("lab", "beta", breaker: Two)).TryEnter(out _));
        Assert.Equal(["lab is avoided: 2 failures within 30 s; it is tried again after 10 s, and less often while it stays so", "lab answers again"], log.Lines);
    }

    [Fact]
    public void A_model_that_probes_while_its_upstream_is_avoided_keeps_its_own_probe_for_later()
    {
        var clock = new ManualTime();
        var board = Attempts.Board(clock);
        var attempt = Attempts.Of("lab", breaker: Two);
        Fail(board, attempt);
        clock.Advance(TimeSpan.FromSeconds(5));
        board.Of(attempt).Connections.Blame();
        board.Of(attempt).Connections.Blame();
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.False(board.Of(attempt).TryEnter(out _));
        Assert.Equal(TimeSpan.FromSeconds(5), board.Of(attempt).OpensIn);
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(board.Of(attempt).TryEnter(out _));
    }
}
