using System.Text;
using Microsoft.AspNetCore.Http;
using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Attempts;
using Milliways.Routing;
using Milliways.Routing.Order;
using Milliways.Tests.Support;
using Milliways.Upstreams;

namespace Milliways.Tests.Exchanges.Attempts;

/// <summary>Hedging: a second upstream is asked when the first has nothing to say, and the first content wins.</summary>
public sealed class HedgeTests
{
    private const string Hedge = ", \"hedgeAfter\": \"800ms\", \"retries\": 0";
    private const string Chat = "/v1/chat/completions";
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_second_answers_and_the_first_is_cancelled(bool stream)
    {
        var clock = new ManualTime();
        await using var silent = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync(stream ? "text/event-stream" : "application/json");
            await turn.SendAsync(stream ? Answers.Role : "{");
            await turn.ClosedAsync();
        });
        await using var good = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([silent, good], clock, model: Hedge);

        var asking = server.PostAsync(Chat, Answers.Ask("both", stream));
        var turn = await silent.ArrivalAsync();
        Assert.Empty(good.Received); // the clock stands still
        var took = await clock.RunUntilAsync(asking, Step);

        var answer = await asking;
        Assert.Equal((200, "b/m", "2", Routed.Good(stream)), (answer.Status, answer.Header("x-milliways-upstream"), answer.Header("x-milliways-attempts"), answer.Text));
        Assert.True(took >= TimeSpan.FromMilliseconds(800), $"{took}");
        await turn.ClosedAsync();
    }

    [Fact]
    public async Task The_first_may_still_win_and_then_the_second_is_cancelled()
    {
        var (clock, go) = (new ManualTime(), new Gate());
        await using var slow = new FakeUpstream(async turn =>
        {
            await go.WaitAsync();
            await turn.StreamAsync(Answers.ChatStream);
        });
        await using var slower = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await Routed.StartAsync([slow, slower], clock, model: Hedge);

        var asking = server.PostAsync(Chat, Answers.Ask("both", stream: true));
        var arrival = slower.ArrivalAsync();
        await slow.ArrivalAsync();
        await clock.RunUntilAsync(arrival, Step);
        go.Open();

        var answer = await asking.Soon();
        Assert.Equal((200, "a/m", "2", Routed.Good(stream: true)), (answer.Status, answer.Header("x-milliways-upstream"), answer.Header("x-milliways-attempts"), answer.Text));
        await (await arrival).ClosedAsync();
    }

    [Fact]
    public async Task One_that_answers_in_time_is_alone()
    {
        await using var good = new FakeUpstream(Routed.GoodAsync);
        await using var other = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([good, other], new ManualTime(), model: Hedge);

        Assert.Equal("1", (await server.PostAsync(Chat, Answers.Ask("both"))).Header("x-milliways-attempts"));
        Assert.Empty(other.Received);
    }

    [Fact]
    public async Task When_one_of_the_two_fails_the_other_is_waited_for()
    {
        var (clock, fail, go) = (new ManualTime(), new Gate(), new Gate());
        await using var a = new FakeUpstream(async turn =>
        {
            await fail.WaitAsync();
            await turn.WholeAsync("{}", 500);
        });
        await using var b = new FakeUpstream(async turn =>
        {
            await go.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await Routed.StartAsync([a, b], clock, model: Hedge, upstream: ", \"breaker\": { \"failures\": 1 }");

        var asking = server.PostAsync(Chat, Answers.Ask("both"));
        await a.ArrivalAsync();
        await clock.RunUntilAsync(b.ArrivalAsync(), Step);
        fail.Open();
        while (await Routed.AvoidedAsync(server) == "") { } // now its failure is known
        Assert.False(asking.IsCompleted);
        go.Open();

        Assert.Equal((200, "b/m"), ((await asking.Soon()).Status, (await asking).Header("x-milliways-upstream")));
    }

    [Fact]
    public async Task When_both_fail_the_third_is_asked()
    {
        var (clock, fail) = (new ManualTime(), new Gate());
        async Task FailAsync(UpstreamTurn turn)
        {
            await fail.WaitAsync();
            await turn.WholeAsync("{}", 500);
        }
        await using var a = new FakeUpstream(FailAsync);
        await using var b = new FakeUpstream(FailAsync);
        await using var c = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([a, b, c], clock, model: Hedge);

        var asking = server.PostAsync(Chat, Answers.Ask("both"));
        await a.ArrivalAsync();
        await clock.RunUntilAsync(b.ArrivalAsync(), Step);
        fail.Open();

        var answer = await asking.Soon();
        Assert.Equal((200, "c/m", "3"), (answer.Status, answer.Header("x-milliways-upstream"), answer.Header("x-milliways-attempts")));
    }

    [Fact]
    public async Task A_caller_who_leaves_takes_both_with_him()
    {
        var clock = new ManualTime();
        await using var a = new FakeUpstream(turn => turn.ClosedAsync());
        await using var b = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await Routed.StartAsync([a, b], clock, model: Hedge);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(Chat, Answers.Ask("both", stream: true));
        var (first, second) = (await a.ArrivalAsync(), b.ArrivalAsync());
        await clock.RunUntilAsync(second, Step);

        client.Leave();

        await first.ClosedAsync();
        await (await second).ClosedAsync();
        await Routed.AllEndedAsync(server);
    }

    /// <summary>The loop by itself, to see what the caller does not: what the loser used, and the log's line.</summary>
    [Fact]
    public async Task What_the_loser_reported_is_kept_account_of_and_does_not_mix_with_the_winners()
    {
        var (clock, log) = (new ManualTime(), new ListLog<AttemptLoop>());
        var counted = Answers.Usage.Replace("\"prompt_tokens\":3", "\"prompt_tokens\":70", StringComparison.Ordinal);
        await using var silent = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + counted);
            await turn.ClosedAsync();
        });
        await using var good = new FakeUpstream(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("Hi"), Answers.Finish, Answers.Done));
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        var route = new Route([At("a", silent), At("b", good)]) { HedgeAfter = TimeSpan.FromMilliseconds(800) };
        var board = Support.Attempts.Board(clock);
        var loop = new AttemptLoop(new AttemptOrder(board, new Lots(1)), board, new Lots(1), clock, log);
        var body = Encoding.UTF8.GetBytes(Answers.Ask("m", stream: true));
        using var exchange = new Exchange(new DefaultHttpContext(), new ChatFront(Flavour.Xai), "req_1", clock, new BodyBudget(0)) { Body = body, Facts = RequestScanner.Read(body).Value! };

        var running = loop.RunAsync(exchange, route);
        await silent.ArrivalAsync();
        await clock.RunUntilAsync(running, Step);

        await using var answer = (await running).Value;
        Assert.Equal("b/m", exchange.Answering!.Label);
        Assert.Equal(UsageSource.None, exchange.Meter.Source);
        var (upstream, usage) = Assert.Single(exchange.Discarded);
        Assert.Equal(("a/m", 70L), (upstream, usage.TotalInput));
        Assert.Equal("req_1 a/m was slower than b/m and was cancelled; it had reported 70 tokens in, 1 out", Assert.Single(log.Lines));

        Attempt At(string name, FakeUpstream fake) => new(new Upstream(name, UpstreamDialect.OpenAiChat, UpstreamAddress.Parse(fake.Url + "/v1"), client), "m");
    }
}
