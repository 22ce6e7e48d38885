using Milliways.Routing.Health;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges.Attempts;

/// <summary>Upstreams that fail are passed over for a while, and found out about by one request at a time.</summary>
public sealed class AvoidingTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Two = ", \"retries\": 0, \"breaker\": { \"failures\": 2, \"window\": \"30s\", \"open\": \"10s\" }";

    private static async Task<string?> AskAsync(TestServer server) => (await server.PostAsync(Chat, Answers.Ask("both"))) is var answer
        ? $"{answer.Status} {answer.Header("x-milliways-upstream")} {answer.Header("x-milliways-attempts")}" : null;

    [Fact]
    public async Task One_that_fails_is_passed_over_at_once_until_a_probe_finds_it_well()
    {
        var clock = new ManualTime();
        await using var a = new FakeUpstream(Routed.Status(500));
        await using var b = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([a, b], clock, upstream: Two);

        Assert.Equal("200 b/m 2", await AskAsync(server));
        Assert.Equal("", await Routed.AvoidedAsync(server));
        Assert.Equal("200 b/m 2", await AskAsync(server));
        for (var i = 0; i < 5; i++)
            Assert.Equal("200 b/m 1", await AskAsync(server));
        Assert.Equal(2, a.Received.Count);
        Assert.Equal("a/m:10", await Routed.AvoidedAsync(server));

        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("200 b/m 2", await AskAsync(server)); // the probe fails
        Assert.Equal("200 b/m 1", await AskAsync(server));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("200 b/m 1", await AskAsync(server)); // after a failed probe it takes twice as long
        clock.Advance(TimeSpan.FromSeconds(10));
        a.Standing = Routed.GoodAsync;
        Assert.Equal("200 a/m 1", await AskAsync(server));
        Assert.Equal("200 a/m 1", await AskAsync(server));
        Assert.Equal("", await Routed.AvoidedAsync(server));
    }

    [Fact]
    public async Task One_that_cannot_be_reached_is_passed_over_for_all_its_models()
    {
        await using var b = new FakeUpstream(Routed.GoodAsync);
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "gone": { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:{{Ports.ClosedPort()}}/v1" {{Two}} }, "b": { "dialect": "openai-chat", "baseUrl": "{{b.Url}}/v1" } },
              "models": { "both": { "attempts": [ { "upstream": "gone", "model": "m" }, { "upstream": "b", "model": "m" } ] },
                          "other": { "attempts": [ { "upstream": "gone", "model": "n" }, { "upstream": "b", "model": "m" } ] } } }
            """, clock);
        Assert.Equal("200 b/m 2", await AskAsync(server));
        Assert.Equal("200 b/m 2", await AskAsync(server));

        Assert.Equal("1", (await server.PostAsync(Chat, Answers.Ask("other"))).Header("x-milliways-attempts"));
        Assert.Equal("gone:10", await Routed.AvoidedAsync(server));
        clock.Advance(TimeSpan.FromSeconds(0.3));
        Assert.Equal("gone:10", await Routed.AvoidedAsync(server)); // whole seconds, up: a probe before them would be too early
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("2", (await server.PostAsync(Chat, Answers.Ask("other"))).Header("x-milliways-attempts")); // the probe, for all of them
        Assert.Equal("gone:20", await Routed.AvoidedAsync(server));
    }

    [Fact]
    public async Task While_one_request_probes_all_others_go_on()
    {
        var (clock, go) = (new ManualTime(), new Gate());
        await using var a = new FakeUpstream(Routed.Status(500));
        await using var b = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([a, b], clock, upstream: Two);
        await AskAsync(server);
        await AskAsync(server);
        a.Standing = async turn =>
        {
            await go.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        };
        clock.Advance(TimeSpan.FromSeconds(10));

        var probe = AskAsync(server);
        await a.ArrivalAsync();
        await a.ArrivalAsync();
        await a.ArrivalAsync();
        var others = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AskAsync(server))).Soon();

        Assert.All(others, answer => Assert.Equal("200 b/m 1", answer));
        Assert.Equal(3, a.Received.Count);
        go.Open();
        Assert.Equal("200 a/m 1", await probe);
    }

    [Fact]
    public async Task Callers_mistakes_and_switched_off_breakers_open_nothing()
    {
        await using var a = new FakeUpstream(Routed.Status(404));
        await using var b = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([a, b], upstream: Two);
        for (var i = 0; i < 20; i++)
            Assert.Equal("200 b/m 2", await AskAsync(server));
        Assert.Equal(20, a.Received.Count);

        a.Standing = Routed.Status(500);
        await using var off = await Routed.StartAsync([a, b], upstream: ", \"retries\": 0, \"breaker\": null");
        for (var i = 0; i < 20; i++)
            Assert.Equal("200 b/m 2", await AskAsync(off));
        Assert.Equal(40, a.Received.Count);
    }

    [Fact]
    public async Task Answers_that_break_in_the_middle_count_too()
    {
        await using var a = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            turn.Reset();
        });
        await using var b = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([a, b], new ManualTime(), upstream: Two);

        for (var i = 0; i < 2; i++)
        {
            await using var client = await RawClient.ConnectAsync(server);
            await client.PostAsync(Chat, Answers.Ask("both", stream: true));
            await client.HeadAsync();
            Assert.Contains("broke", await client.RestTextAsync(), StringComparison.Ordinal);
            await Routed.AllEndedAsync(server);
        }

        Assert.Equal("200 b/m 1", await AskAsync(server));
        Assert.Equal("a/m:10", await Routed.AvoidedAsync(server));
    }

    [Fact]
    public async Task With_nowhere_else_to_go_it_is_asked_all_the_same_and_the_caller_hears_the_truth()
    {
        await using var a = new FakeUpstream(Routed.Status(503, "Retry-After: 3"));
        await using var server = await Routed.StartAsync([a], new ManualTime(), upstream: Two);

        for (var i = 1; i <= 6; i++)
        {
            Assert.Equal("503 a/m 1", await AskAsync(server));
            Assert.Equal(i, a.Received.Count);
        }
        a.Standing = Routed.GoodAsync;
        Assert.Equal("200 a/m 1", await AskAsync(server));
        Assert.Equal("", await Routed.AvoidedAsync(server)); // a good answer is as good as a probe's
    }

    [Fact]
    public async Task A_crowd_with_nowhere_else_to_go_is_told_when_to_come_back()
    {
        var (clock, go) = (new ManualTime(), new Gate());
        await using var a = new FakeUpstream(Routed.Status(500));
        await using var server = await Routed.StartAsync([a], clock, upstream: Two);
        await AskAsync(server);
        await AskAsync(server);
        for (var i = 0; i < 2; i++)
            await a.ArrivalAsync();
        a.Standing = async turn =>
        {
            await go.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        };
        clock.Advance(TimeSpan.FromSeconds(2.5));
        var inside = Enumerable.Range(0, Breaker.MostForced).Select(_ => AskAsync(server)).ToArray();
        for (var i = 0; i < Breaker.MostForced; i++)
            await a.ArrivalAsync();

        var refused = await server.PostAsync(Chat, Answers.Ask("both"));

        Assert.Equal((503, "8", "gateway, breaker", "overload"), (refused.Status, refused.Header("Retry-After"), refused.Header("x-milliways-failed"), refused.Header("x-milliways-refused")));
        Assert.Null(refused.Header("x-milliways-upstream")); // nobody was asked
        go.Open();
        Assert.All(await Task.WhenAll(inside).Soon(), answer => Assert.Equal("200 a/m 1", answer));
    }

    [Fact]
    public async Task A_name_that_several_list_goes_to_the_first_and_on_to_the_next()
    {
        await using var a = new FakeUpstream(Routed.GoodAsync);
        await using var b = new FakeUpstream(Routed.GoodAsync);
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "one": {{TestServer.Lab(a)}}, "off": {{TestServer.Lab(a).Replace($"\"{TestServer.UpstreamKey}\"", "\"env:NOT_SET\"", StringComparison.Ordinal)}}, "two": {{TestServer.Lab(b)}} } }""");

        Assert.Equal("one/alpha", (await server.PostAsync(Chat, Answers.Ask())).Header("x-milliways-upstream"));
        a.Standing = Routed.Status(500);
        var second = await server.PostAsync(Chat, Answers.Ask());
        Assert.Equal((200, "two/alpha", "2"), (second.Status, second.Header("x-milliways-upstream"), second.Header("x-milliways-attempts")));
    }
}
