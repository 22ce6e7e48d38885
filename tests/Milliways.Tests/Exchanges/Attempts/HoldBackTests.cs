using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges.Attempts;

/// <summary>The first tokens are kept until there are enough of them: an upstream that dies early is no caller's concern.</summary>
public sealed class HoldBackTests
{
    private const string Three = ", \"holdBackTokens\": 3, \"retries\": 0";

    private static FakeUpstream Dying(int tokens) => new(async turn =>
    {
        await turn.BeginAsync();
        await turn.SendAsync(Answers.Role);
        for (var i = 0; i < tokens; i++)
            await turn.SendAsync(Answers.Chunk($"lost{i}"));
        turn.Finish(); // a reset might take what was sent with it
    });

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task An_upstream_that_dies_within_them_leaves_no_trace(string path)
    {
        await using var dying = Dying(tokens: 2);
        await using var good = new FakeUpstream(turn => turn.StreamAsync(Answers.Role, Answers.Chunk("Hi"), Answers.Chunk(" there"), Answers.Chunk("!"), Answers.Chunk("?"), Answers.Finish, Answers.Usage, Answers.Done));
        await using var server = await Routed.StartAsync([dying, good], model: Three);

        var answer = await server.PostAsync(path, Answers.Say("both", stream: true));

        Assert.Equal((200, "b/m", "2"), (answer.Status, answer.Header("x-milliways-upstream"), answer.Header("x-milliways-attempts")));
        Assert.DoesNotContain("lost", answer.Text, StringComparison.Ordinal);
        foreach (var piece in new[] { "\"Hi\"", "\" there\"", "\"!\"", "\"?\"" })
            Assert.Single(answer.Text.Split(piece)[1..]);
        Assert.Single(answer.Text.Split(path.EndsWith("messages", StringComparison.Ordinal) ? "event: message_stop" : "[DONE]")[1..]);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task One_that_dies_behind_them_is_an_error_event_and_nobodys_second_chance(string path)
    {
        await using var dying = Dying(tokens: 3);
        await using var good = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([dying, good], model: Three);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync(path, Answers.Say("both", stream: true));
        Assert.Equal("1", (await client.HeadAsync()).Header("x-milliways-attempts"));

        var text = await client.RestTextAsync();
        for (var i = 0; i < 3; i++)
            Assert.Single(text.Split($"lost{i}")[1..]);
        Assert.Contains("broke", text, StringComparison.Ordinal);
        Assert.NotEqual(WireEnd.Proper, client.End);
        Assert.Empty(good.Received);
    }

    [Fact]
    public async Task Nothing_goes_out_before_the_last_of_them_and_everything_with_it()
    {
        var go = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("one") + Answers.Chunk("two"));
            await go.WaitAsync();
            await turn.SendAsync(Answers.Chunk("three"));
            await turn.ClosedAsync();
        });
        await using var server = await Routed.StartAsync([lab], model: Three);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask("both", stream: true));
        await lab.ArrivalAsync();

        var head = client.HeadAsync();
        Assert.False(head.IsCompleted);
        go.Open();

        await head;
        foreach (var expected in new[] { Answers.Role, Answers.Chunk("one"), Answers.Chunk("two"), Answers.Chunk("three") })
            Assert.Equal(expected, await client.EventAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_shorter_than_that_comes_whole(bool stream)
    {
        await using var lab = new FakeUpstream(Routed.GoodAsync);
        await using var server = await Routed.StartAsync([lab], model: Three);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask("both", stream));

        Assert.Equal((200, Routed.Good(stream)), (answer.Status, answer.Text));
    }

    [Fact]
    public async Task A_silence_within_them_is_filled_with_signs_of_life()
    {
        var (clock, go) = (new ManualTime(), new Gate());
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("one"));
            await go.WaitAsync();
            await turn.SendAsync(Answers.Chunk("two") + Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await Routed.StartAsync([lab], clock, model: Three);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask("both", stream: true));

        var head = client.HeadAsync();
        await clock.RunUntilAsync(head, TimeSpan.FromMilliseconds(250));
        Assert.StartsWith(":", await client.EventAsync(), StringComparison.Ordinal);
        go.Open();

        string? next;
        while ((next = await client.EventAsync())!.StartsWith(':')) { }
        Assert.Equal(Answers.Role, next);
        foreach (var expected in new[] { Answers.Chunk("one"), Answers.Chunk("two"), Answers.Finish, Answers.Done, null })
            Assert.Equal(expected, await client.EventAsync());
    }
}
