using Microsoft.AspNetCore.Http;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Attempts;
using Milliways.Hosting.Configuration;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary><c>onClientGone: drain</c>: a caller leaves, and its upstream's answer is read to the end, for its usage, within bounds.</summary>
public sealed class UpstreamDrainTests
{
    [Theory]
    [InlineData("drain", true)]
    [InlineData("cancel", false)]
    public async Task A_left_stream_is_read_to_its_end_where_the_operator_says_so(string how, bool drains)
    {
        var (left, told) = (new Gate(), new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await left.WaitAsync();
            if (!drains)
                await turn.ClosedAsync();
            await turn.SendAsync(Answers.Chunk(new string('x', 100_000)));
            await turn.EndAsync(Answers.Finish + Answers.Usage + Answers.Done);
            told.TrySetResult(true);
        });
        await using var server = await TestServer.WithLabAsync(lab, more: $$""", "onClientGone": "{{how}}" """);
        var open = server.Service<OpenExchanges>();
        await using (var client = await RawClient.ConnectAsync(server))
        {
            await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
            await client.HeadAsync();
            await client.EventAsync();
            client.Leave();
        }
        var ended = open.WhenEndedAsync();
        left.Open();

        await ended.Soon();

        if (!drains)
            return; // the upstream saw its connection closed: its script would have failed otherwise
        Assert.True(await told.Task.Soon());
        // What was read to its end can be used again.
        lab.Standing = turn => turn.WholeAsync(Answers.Chat);
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Equal(1, lab.Connections);
    }

    [Fact]
    public async Task A_caller_that_leaves_before_the_first_word_does_not_stop_a_whole_answer()
    {
        var left = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await left.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab, more: """, "onClientGone": "drain" """);
        var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask());
        await lab.ArrivalAsync();
        client.Leave();
        var ended = server.Service<OpenExchanges>().WhenEndedAsync();
        left.Open();
        await ended.Soon();

        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        Assert.Equal(1, lab.Connections);
        await client.DisposeAsync();
    }

    [Theory]
    [InlineData("idle", 12)]
    [InlineData("total", 60)]
    [InlineData("shutdown", 0)]
    public async Task A_drain_ends_with_the_times_of_its_upstream_and_with_the_server(string bound, int seconds)
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            if (bound != "total")
                await turn.ClosedAsync();
            while (true)
                await turn.SendAsync(Answers.Chunk("more"));
        });
        await using var server = await TestServer.WithLabAsync(lab, clock, """, "onClientGone": "drain", "timeouts": { "idle": "12s", "total": "60s" } """);
        var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await client.HeadAsync();
        client.Leave();
        await client.DisposeAsync();
        var open = server.Service<OpenExchanges>();
        var ended = open.WhenEndedAsync();

        if (bound == "shutdown")
            open.StopAll();
        var took = await clock.RunUntilAsync(ended, TimeSpan.FromMilliseconds(250));

        Assert.InRange(took, TimeSpan.FromSeconds(bound == "total" ? 0 : seconds), TimeSpan.FromSeconds(seconds + 30));
        Assert.Equal(0, open.Count);
    }

    [Fact]
    public async Task What_a_drained_answer_used_is_metered()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.WithLabAsync(lab);
        var upstream = server.Service<Milliways.Routing.LiveRouting>().Table.Upstreams.Find("lab")!;
        var front = new Milliways.Api.ChatFront(Flavour.Xai);
        using var exchange = new Exchange(new DefaultHttpContext(), front, "req_0", clock, new BodyBudget(0));
        var relay = new Milliways.Exchanges.Relays.BytesRelay(new Milliways.Exchanges.Relays.ChatStreamObserver(stripUsage: true, 1));
        var prepared = new PreparedCall(System.Text.Encoding.UTF8.GetBytes(Answers.Ask(stream: true)), relay);
        var call = await UpstreamCall.SendAsync(upstream, upstream.UriFor(Milliways.Upstreams.Operation.Chat, "alpha", stream: true)!, prepared, exchange, exchange.Cancel);
        await using var answer = new CommittedAnswer(relay, call, stay: null);

        await UpstreamDrain.RunAsync(exchange, answer);

        Assert.Equal((RelayState.Complete, 3, 1), (relay.State, exchange.Meter.Usage.Input, exchange.Meter.Usage.Output));
    }

    [Fact]
    public void The_choice_has_two_words()
    {
        var reader = new ConfigReader("m.json", _ => null, _ => "");
        reader.Read("""{ "upstreams": { "a": { "preset": "xai", "onClientGone": "dran" } } }"""u8.ToArray());
        Assert.Contains("did you mean \"drain\"?", Assert.Single(reader.Problems).Message, StringComparison.Ordinal);
    }
}
