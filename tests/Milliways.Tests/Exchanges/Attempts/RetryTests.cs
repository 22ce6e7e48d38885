using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges.Attempts;

/// <summary>Retries as a caller sees them, on a clock that the test owns.</summary>
public sealed class RetryTests
{
    private const string Chat = "/v1/chat/completions";
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_goes_wrong_for_a_moment_is_tried_again_with_the_same_body(bool stream)
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(Routed.GoodAsync);
        lab.Then(turn =>
        {
            turn.Reset();
            return Task.CompletedTask;
        }).Then(Routed.Status(503));
        await using var server = await Routed.StartAsync([lab], clock);

        var asking = server.PostAsync(Chat, Answers.Ask("both", stream, more: ",\"user\":\"生\""));
        var took = await clock.RunUntilAsync(asking, Step);

        var answer = await asking;
        Assert.Equal((200, "3", Routed.Good(stream)), (answer.Status, answer.Header("x-milliways-attempts"), answer.Text));
        Assert.Equal(3, lab.Received.Count);
        Assert.All(lab.Received, request => Assert.Equal(lab.Received[0].Body, request.Body));
        Assert.True(took >= TimeSpan.FromSeconds(0.75), $"{took}"); // half of 0.5 s and of 1 s at least
    }

    [Fact]
    public async Task A_dialect_that_is_crossed_is_tried_again_just_so()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(Routed.GoodAsync);
        lab.Then(turn => turn.StreamAsync(Answers.Role)).Then(turn => turn.WholeAsync("", contentType: "text/event-stream"));
        await using var server = await Routed.StartAsync([lab], clock);

        var asking = server.PostAsync("/v1/messages", Answers.Say("both", stream: true));
        await clock.RunUntilAsync(asking, Step);

        var answer = await asking;
        Assert.Equal((200, "3"), (answer.Status, answer.Header("x-milliways-attempts")));
        Assert.Single(answer.Text.Split("event: message_start")[1..]);
        Assert.Single(answer.Text.Split("event: message_stop")[1..]);
    }

    [Fact]
    public async Task When_every_try_fails_the_last_failure_is_told_with_its_upstream_and_the_count()
    {
        var clock = new ManualTime();
        await using var a = new FakeUpstream(Routed.Status(500));
        await using var b = new FakeUpstream(Routed.Status(503));
        await using var server = await Routed.StartAsync([a, b], clock);

        var asking = server.PostAsync(Chat, Answers.Ask("both"));
        await clock.RunUntilAsync(asking, Step);

        var answer = await asking;
        Assert.Equal("4", answer.Header("x-milliways-attempts"));
        Assert.Equal(4, a.Received.Count + b.Received.Count);
        var last = answer.Header("x-milliways-upstream");
        Assert.Equal(last == "a/m" ? 500 : 503, answer.Status);
        Assert.Equal("upstream, headers", answer.Header("x-milliways-failed"));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(4, 5)]
    public async Task The_number_of_retries_is_the_models(int retries, int tries)
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(Routed.Status(500));
        await using var server = await Routed.StartAsync([lab], clock, model: $", \"retries\": {retries}", upstream: ", \"breaker\": null");

        var asking = server.PostAsync(Chat, Answers.Ask("both"));
        await clock.RunUntilAsync(asking, Step);

        Assert.Equal(500, (await asking).Status);
        Assert.Equal(tries, lab.Received.Count);
    }

    [Fact]
    public async Task An_upstream_that_asks_for_patience_gets_it()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(Routed.GoodAsync);
        lab.Then(Routed.Status(429, "Retry-After: 4"));
        await using var server = await Routed.StartAsync([lab], clock);

        var asking = server.PostAsync(Chat, Answers.Ask("both"));
        var took = await clock.RunUntilAsync(asking, Step);

        Assert.Equal(200, (await asking).Status);
        Assert.True(took >= TimeSpan.FromSeconds(4), $"{took}");
    }

    [Fact]
    public async Task One_that_asks_for_too_much_patience_is_not_waited_for()
    {
        await using var busy = new FakeUpstream(Routed.Status(429, "Retry-After: 30"));
        await using var good = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([busy, good], new ManualTime());
        await using var alone = await Routed.StartAsync([busy], new ManualTime());

        Assert.Equal("b/m", (await server.PostAsync(Chat, Answers.Ask("both"))).Header("x-milliways-upstream"));
        var refused = await alone.PostAsync(Chat, Answers.Ask("both")); // the clock stands still: nothing was waited for
        Assert.Equal((429, "30", "1"), (refused.Status, refused.Header("Retry-After"), refused.Header("x-milliways-attempts")));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(402)]
    [InlineData(404)]
    [InlineData(413)]
    [InlineData(422)]
    public async Task A_refusal_that_stays_is_not_tried_again(int status)
    {
        await using var lab = new FakeUpstream(Routed.Status(status));
        await using var server = await Routed.StartAsync([lab], new ManualTime());

        Assert.Equal("1", (await server.PostAsync(Chat, Answers.Ask("both"))).Header("x-milliways-attempts"));
        Assert.Single(lab.Received);
    }

    [Fact]
    public async Task After_the_first_content_nothing_is_tried_again()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            turn.Reset();
        });
        await using var other = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([lab, other]);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync(Chat, Answers.Ask("both", stream: true));
        Assert.Equal("1", (await client.HeadAsync()).Header("x-milliways-attempts"));
        var text = await client.RestTextAsync();

        Assert.Contains("broke", text, StringComparison.Ordinal);
        Assert.NotEqual(WireEnd.Proper, client.End);
        Assert.Equal((1, 0), (lab.Received.Count, other.Received.Count));
    }

    [Fact]
    public async Task A_caller_who_leaves_while_we_wait_is_not_asked_for_again()
    {
        await using var lab = new FakeUpstream(Routed.Status(503, "Retry-After: 5"));
        await using var server = await Routed.StartAsync([lab], new ManualTime());
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(Chat, Answers.Ask("both"));
        await lab.ArrivalAsync();

        client.Leave();

        await Routed.AllEndedAsync(server);
        Assert.Single(lab.Received);
    }

    [Fact]
    public async Task Signs_of_life_go_on_while_we_wait()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(Routed.GoodAsync);
        for (var i = 0; i < 3; i++)
            lab.Then(Routed.Status(503, "Retry-After: 5"));
        await using var server = await Routed.StartAsync([lab], clock, model: ", \"retries\": 3");
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(Chat, Answers.Ask("both", stream: true));

        var text = Task.Run(async () =>
        {
            Assert.Equal(200, (await client.HeadAsync()).Status);
            return await client.RestTextAsync();
        });
        await clock.RunUntilAsync(text, TimeSpan.FromMilliseconds(250));

        Assert.StartsWith(": keepalive\n\n", await text, StringComparison.Ordinal);
        Assert.EndsWith(Routed.Good(stream: true), await text, StringComparison.Ordinal);
        Assert.Equal(WireEnd.Proper, client.End);
        Assert.Equal(4, lab.Received.Count);
    }

    [Fact]
    public async Task Our_own_time_outs_send_the_caller_on_but_not_back()
    {
        var clock = new ManualTime();
        await using var stuck = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await Routed.StartAsync([stuck], clock, upstream: ", \"timeouts\": { \"firstByte\": \"5s\" }");

        var asking = server.PostAsync(Chat, Answers.Ask("both"));
        await stuck.ArrivalAsync();
        await clock.RunUntilAsync(asking, TimeSpan.FromMilliseconds(250));

        Assert.Equal((504, "1"), ((await asking).Status, (await asking).Header("x-milliways-attempts")));
        Assert.Single(stuck.Received);
    }

    [Fact]
    public async Task What_one_dialect_cannot_express_goes_to_another_and_a_real_failure_is_the_one_that_is_told()
    {
        await using var claude = new FakeUpstream();
        await using var lab = new FakeUpstream(Routed.GoodAsync);
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "claude": {{TestServer.Claude(claude)}}, "lab": {{TestServer.Lab(lab)}} },
              "models": { "both": { "attempts": [ { "upstream": "claude", "model": "x" }, { "upstream": "lab", "model": "m" } ] },
                          "back": { "attempts": [ { "upstream": "lab", "model": "m" }, { "upstream": "claude", "model": "x" } ] } } }
            """);

        var answer = await server.PostAsync(Chat, Answers.Ask("both", more: ",\"n\":2"));
        Assert.Equal((200, "lab/m"), (answer.Status, answer.Header("x-milliways-upstream")));
        lab.Standing = Routed.Status(500);
        var failed = await server.PostAsync(Chat, Answers.Ask("back", more: ",\"n\":2"));
        Assert.Equal((500, "lab/m"), (failed.Status, failed.Header("x-milliways-upstream")));
        Assert.Empty(claude.Received);
    }
}
