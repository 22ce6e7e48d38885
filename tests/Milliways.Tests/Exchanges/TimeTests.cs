using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>Time-outs, signs of life and stalls, on a clock that the test owns.</summary>
public sealed class TimeTests
{
    private const string Minute = ", \"timeouts\": { \"firstByte\": \"10s\", \"idle\": \"12s\", \"total\": \"5m\" }";
    private const string Long = ", \"timeouts\": { \"firstByte\": \"10m\", \"idle\": \"10m\", \"total\": \"60s\" }";

    /// <summary>The clock runs ahead of the threads that notice it; which time-out fired is told by its stage, so the bound is only that of the longest.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upstream_that_sends_no_head_is_a_504_after_its_first_byte_time(bool stream)
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab, clock, Minute);

        var asking = server.PostAsync("/v1/chat/completions", Answers.Ask(stream: stream));
        var turn = await lab.ArrivalAsync();
        var took = await clock.RunUntilAsync(asking, TimeSpan.FromMilliseconds(250));

        Assert.InRange(took, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10) + Grain);
        var answer = await asking;
        Assert.Equal((504, "upstream, headers"), (answer.Status, answer.Header("x-milliways-failed")));
        await turn.ClosedAsync();
    }

    [Fact]
    public async Task A_time_out_before_the_first_word_is_another_upstreams_chance()
    {
        var clock = new ManualTime();
        await using var stuck = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role);
            await turn.ClosedAsync();
        });
        await using var good = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await TestServer.StartAsync($$"""
            { "upstreams": { "stuck": {{TestServer.Lab(stuck, Minute)}}, "good": {{TestServer.Lab(good)}} },
              "models": { "both": { "attempts": [ { "upstream": "stuck", "model": "alpha" }, { "upstream": "good", "model": "beta" } ] } } }
            """, clock);

        var asking = server.PostAsync("/v1/chat/completions", Answers.Ask("both", stream: true));
        var turn = await stuck.ArrivalAsync();
        await clock.RunUntilAsync(asking, TimeSpan.FromMilliseconds(250));

        var answer = await asking;
        Assert.Equal((200, "2"), (answer.Status, answer.Header("x-milliways-attempts")));
        // A sign of life may go out when the second connection takes its time while the clock runs.
        Assert.Equal(Answers.Role + Answers.Chunk("Hi") + Answers.Finish + Answers.Done, answer.Text.Replace(": keepalive\n\n", "", StringComparison.Ordinal));
        await turn.ClosedAsync();
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task Silence_between_events_ends_with_an_error_event_after_the_idle_time(string path)
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab, clock, Minute);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(path, Answers.Say("alpha", stream: true));
        await client.HeadAsync();
        while (!(await client.EventAsync())!.Contains("Hi", StringComparison.Ordinal)) { }
        var turn = await lab.ArrivalAsync();

        var rest = client.RestTextAsync();
        var took = await clock.RunUntilAsync(rest, TimeSpan.FromMilliseconds(250));

        Assert.InRange(took, TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(12) + Grain);
        Assert.Contains("fell silent", await rest, StringComparison.Ordinal);
        Assert.NotEqual(WireEnd.Proper, client.End);
        await turn.ClosedAsync();
    }

    [Fact]
    public async Task A_stream_that_goes_on_for_ever_ends_with_the_total_time()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role);
            while (true)
                await turn.SendAsync(Answers.Chunk("more"));
        });
        await using var server = await TestServer.WithLabAsync(lab, clock, Long);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await client.HeadAsync();

        var end = Task.Run(async () =>
        {
            string? last = null;
            while (await client.EventAsync() is { } one)
                last = one;
            return last!;
        });
        var took = await clock.RunUntilAsync(end);

        Assert.InRange(took, TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(9)); // the other time-outs are 10 minutes
        Assert.Contains("within 60 s", await end, StringComparison.Ordinal);
        Assert.NotEqual(WireEnd.Proper, client.End);
    }

    [Theory]
    [InlineData("/v1/chat/completions", ": keepalive\n\n", "data: {\"code\"")] // SSE-10: a comment, no data
    [InlineData("/v1/messages", "event: ping\ndata: {\"type\": \"ping\"}\n\n", "event: error\n")]
    public async Task A_sign_of_life_commits_the_status_and_what_fails_afterwards_is_an_error_event(string path, string sign, string error)
    {
        var (clock, fail) = (new ManualTime(), new Gate());
        await using var lab = new FakeUpstream(async turn =>
        {
            await fail.WaitAsync();
            await turn.WholeAsync("""{"error":{"message":"boom"}}""", 500);
        });
        await using var server = await TestServer.WithLabAsync(lab, clock);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(path, Answers.Say("alpha", stream: true));
        await lab.ArrivalAsync();

        var head = client.HeadAsync();
        var took = await clock.RunUntilAsync(head, TimeSpan.FromMilliseconds(250));

        Assert.InRange(took, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(15) + Grain);
        Assert.Equal((200, "text/event-stream"), ((await head).Status, (await head).Header("Content-Type")));
        Assert.Equal(sign.Replace(" ", "", StringComparison.Ordinal), (await client.EventAsync())!.Replace(" ", "", StringComparison.Ordinal));
        fail.Open();
        string? last = null;
        while (await client.EventAsync() is { } one)
            last = one;
        Assert.StartsWith(error, last, StringComparison.Ordinal);
        Assert.NotEqual(WireEnd.Proper, client.End);
    }

    [Fact]
    public async Task Signs_of_life_in_a_silent_stream_stand_between_whole_events_and_the_answer_goes_on() // CHK-12
    {
        var (clock, go) = (new ManualTime(), new Gate());
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi") + Answers.Finish[..20]);
            await go.WaitAsync();
            await turn.SendAsync(Answers.Finish[20..] + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab, clock);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await client.HeadAsync();
        Assert.Equal(Answers.Role, await client.EventAsync());
        Assert.Equal(Answers.Chunk("Hi"), await client.EventAsync());

        var sign = client.EventAsync();
        await clock.RunUntilAsync(sign, TimeSpan.FromMilliseconds(250));
        Assert.StartsWith(":", await sign, StringComparison.Ordinal);
        go.Open();

        string? next;
        while ((next = await client.EventAsync())!.StartsWith(':')) { }
        Assert.Equal(Answers.Finish, next);
        Assert.Equal(Answers.Done, await client.EventAsync());
        Assert.Null(await client.EventAsync());
        Assert.Equal(WireEnd.Proper, client.End);
    }

    [Fact]
    public async Task A_caller_that_does_not_read_is_let_go_and_its_upstream_with_it()
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            var flood = Answers.Chunk(new string('x', 64 * 1024));
            while (true)
                await turn.SendAsync(flood);
        });
        await using var server = await TestServer.WithLabAsync(lab, clock);
        await using var client = await RawClient.ConnectAsync(server, receiveBuffer: 4096);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        await client.HeadAsync();
        await lab.ArrivalAsync();
        var open = server.Service<OpenExchanges>();
        Assert.Equal(1, open.Count);

        var empty = Task.Run(async () =>
        {
            while (open.Count > 0)
                await Task.Yield();
        });
        var took = await clock.RunUntilAsync(empty);

        Assert.InRange(took, OpenExchanges.WriteStall, TimeSpan.FromMinutes(29));
    }

    [Fact]
    public async Task Whole_answers_get_no_signs_of_life()
    {
        var (clock, go) = (new ManualTime(), new Gate());
        await using var lab = new FakeUpstream(async turn =>
        {
            await go.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab, clock);

        var asking = server.PostAsync("/v1/chat/completions", Answers.Ask());
        await lab.ArrivalAsync();
        for (var i = 0; i < 60; i++)
            clock.Advance(TimeSpan.FromSeconds(1));
        go.Open();

        Assert.Equal(Answers.Chat, (await asking).Text);
    }
}
